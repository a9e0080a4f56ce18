"""Run directories read as objects, and what is made of them: diagnosis, export, merge, rescore."""
