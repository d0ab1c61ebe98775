"""Sets a small company up on an empty GitLab with python-gitlab.

Environment: GITLAB_URL, TOKEN (an administrator's, scope api), SECRET (goes into a file of the repository).
"""
import os

import gitlab

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["TOKEN"])
secret, until = os.environ["SECRET"], "2027-06-01"

top = gl.groups.create({"name": "Northwind", "path": "northwind"})
shop = gl.groups.create({"name": "Shop", "path": "shop", "parent_id": top.id})
mira = gl.users.create({"username": "mira", "name": "Mira Till", "email": "mira@northwind.example", "force_random_password": True})
shop.members.create({"user_id": mira.id, "access_level": gitlab.const.AccessLevel.MAINTAINER})
till = gl.projects.create({"name": "till", "namespace_id": shop.id, "initialize_with_readme": True})

till.files.create({"file_path": "config.env", "branch": "main", "content": "STRIPE_KEY=" + secret + "\n", "commit_message": "configure"})
till.commits.create({"branch": "main", "commit_message": "deploy", "actions": [
    {"action": "create", "file_path": ".gitlab-ci.yml", "content": open(os.environ["PIPELINE"]).read()}]})
till.variables.create({"key": "DEPLOY_TOKEN", "value": "EXAMPLE-till-value", "masked": True, "protected": True})
top.variables.create({"key": "REGISTRY_PASSWORD", "value": "EXAMPLE-top-value", "masked": True})
till.access_tokens.create({"name": "release bot", "scopes": ["read_api"], "access_level": 30, "expires_at": until})
top.access_tokens.create({"name": "crawler", "scopes": ["read_api"], "access_level": 20, "expires_at": until})
mira.personal_access_tokens.create({"name": "laptop", "scopes": ["read_repository"], "expires_at": until})
till.deploytokens.create({"name": "pull", "scopes": ["read_registry"], "expires_at": until})
till.keys.create({"title": "mirror", "key": os.environ["PUBLIC_KEY"], "can_push": True})
till.hooks.create({"url": "https://hooks.northwind.example/till", "token": "EXAMPLE-hook-token", "push_events": True})
nightly = till.pipelineschedules.create({"description": "nightly", "ref": "main", "cron": "0 2 * * *"})
nightly.variables.create({"key": "NIGHT_KEY", "value": "EXAMPLE-night-value"})
till.triggers.create({"description": "chat"})
till.protectedbranches.create({"name": "release/*", "push_access_level": 40})

# What was made is read, changed and ended again, and nothing of it may stay behind.
spare = till.variables.create({"key": "SPARE", "value": "EXAMPLE"})
spare.value = "EXAMPLE2"
spare.save()
assert till.variables.get("SPARE").value == "EXAMPLE2"
spare.delete()
till.branches.create({"branch": "spare", "ref": "main"})
till.branches.delete("spare")
note = till.files.create({"file_path": "note.txt", "branch": "main", "content": "one\n", "commit_message": "note"})
note.content = "two\n"
note.save(branch="main", commit_message="note again")
assert till.files.raw(file_path="note.txt", ref="main") == b"two\n"
till.files.delete(file_path="note.txt", branch="main", commit_message="no note")
assert [entry["path"] for entry in till.repository_tree()] == [".gitlab-ci.yml", "README.md", "config.env"]
lab = gl.groups.create({"name": "Lab", "path": "lab"})
lab.delete()
