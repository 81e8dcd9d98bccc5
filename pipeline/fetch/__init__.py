"""Rules of fetching, all pure: what may be asked, when, and what an answer means.

`target` reads an address, `addresses` is the guard's table, `robots` and `pace` say whether and
when a host may be asked, `decoding` removes content codings within limits, `decide` turns an answer
into the next step of a URL, `reasons` lists every way a fetch can fail. Sockets are in adapters/.
"""
