"""Trains the models of names that Newsline ships (`pipeline/enrich/shipped/`): see README.md."""
