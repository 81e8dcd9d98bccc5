"""What Kibana is given, as code: config/kibana/*.toml rendered in the two forms that it takes.

source.py           the files, typed and checked
fields.py           what may be named in them
naming.py           ids, titles and links of one collection
layout.py           where panels stand
lens.py, maps.py    a chart and a map as saved objects hold them
boards.py           a dashboard as a saved object
saved_objects.py    everything as saved objects, one JSON a line: for Kibana 9.0 and later
dashboards_api.py   the dashboards as the Dashboards API takes them: Kibana 9.5 and later

Nothing here reaches the network; pipeline/adapters/kibana.py does.
"""
