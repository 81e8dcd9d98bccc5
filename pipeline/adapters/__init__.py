"""The doors of `pipeline.ports`, opened onto real networks, disks, databases and engines.

The only package that does input and output. Nothing here decides what is due, new or worth
keeping: that is said by the pure modules below it, and recorded through these.
"""
