#!/bin/sh
# Runs once, when PostgreSQL's volume is new: a user and a database for each of Airflow and the
# ledger. Neither user may touch the other's database, nor is a superuser.
set -eu

make_database() {
    name=$1
    psql --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<END
\set password \`cut -d: -f5 /run/secrets/${name}_pgpass\`
CREATE USER $name PASSWORD :'password';
CREATE DATABASE $name OWNER $name ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT, TEMPORARY ON DATABASE $name FROM PUBLIC;
END
}

make_database airflow
make_database newsline
