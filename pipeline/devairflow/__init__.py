"""A real Airflow on this machine, for development and for tests; Airflow itself is not imported.

    python -m pipeline.devairflow      what `make airflow` runs

PostgreSQL, api-server, scheduler, dag-processor and triggerer are processes of their own in one
folder. `postgres.py` starts the database, `settings.py` says what the components are told,
`stack.py` starts and ends them, `rest.py` asks them, `keeper.py` ends them when we are killed.
"""
