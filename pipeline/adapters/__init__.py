"""What stands behind the doors of ports.py: network, disk, database, index, processes."""
