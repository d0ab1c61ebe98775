"""Reads and changes a simulated GitLab with python-gitlab and prints what it saw as JSON.

Environment: GITLAB_URL, READ_TOKEN (an administrator's), WRITE_TOKEN (an administrator's, scope api).
"""
import json
import os

import gitlab

url = os.environ["GITLAB_URL"]
read = gitlab.Gitlab(url, private_token=os.environ["READ_TOKEN"], per_page=2)
write = gitlab.Gitlab(url, private_token=os.environ["WRITE_TOKEN"])
read.auth()
project, group, user = read.projects.get("acme/shop/cart"), read.groups.get("acme"), read.users.get(4)

managers = {
    "projects": read.projects, "groups": read.groups, "users": read.users, "personal tokens": read.personal_access_tokens,
    "deploy tokens": read.deploytokens, "deploy keys": read.deploykeys, "applications": read.applications,
    "system hooks": read.hooks, "instance variables": read.variables, "audit events": read.audit_events,
    "pages domains": read.pagesdomains,
    "project tokens": project.access_tokens, "project deploy tokens": project.deploytokens, "project keys": project.keys,
    "project variables": project.variables, "project hooks": project.hooks, "project runners": project.runners,
    "schedules": project.pipelineschedules, "triggers": project.triggers, "members": project.members,
    "all members": project.members_all, "push mirrors": project.remote_mirrors, "protected branches": project.protectedbranches,
    "protected tags": project.protectedtags, "environments": project.environments, "services": project.services,
    "group tokens": group.access_tokens, "group deploy tokens": group.deploytokens, "group variables": group.variables,
    "group hooks": group.hooks, "group runners": group.runners, "group members": group.members,
    "group projects": group.projects, "subgroups": group.subgroups, "descendants": group.descendant_groups,
    "ssh keys": user.keys, "impersonation tokens": user.impersonationtokens,
    "namespaces": read.namespaces, "features": read.features, "branches": project.branches, "tags": project.tags, "commits": project.commits,
    "pipelines": project.pipelines, "jobs": project.jobs, "releases": project.releases, "snippets": project.snippets, "wiki": project.wikis,
    "forks": project.forks, "project people": project.users, "approval rules": project.approvalrules,
    "protected environments": project.protected_environments,
    "billable members": group.billable_members, "memberships": user.memberships, "saml links": group.saml_group_links,
    "ldap links": group.ldap_group_links, "user activities": read.user_activities,
}
seen = {name: len(manager.list(get_all=True, all=True)) for name, manager in managers.items()}
seen["keyset projects"] = len(list(read.projects.list(iterator=True, order_by="id", pagination="keyset")))
seen["all runners"] = len(read.runners.all(get_all=True))
seen["schedule variables"] = len(project.pipelineschedules.get(1).attributes["variables"])
seen["version"] = read.version()[0]
seen["tree"] = len(project.repository_tree(recursive=True, get_all=True))
seen["push rule"] = project.pushrules.get().prevent_secrets
seen["approvals"] = project.approvals.get().disable_overriding_approvers_per_merge_request
seen["pipeline variables"] = len(project.pipelines.get(5000).variables.list(get_all=True))
seen["compared"] = len(project.repository_compare("v1.0", "main")["commits"])
seen["license"] = read.get_license()["licensee"]["Name"]
seen["languages"] = sorted(project.languages())

mine = write.projects.get(1000)
token = mine.access_tokens.create({"name": "python", "scopes": ["read_api"], "expires_at": "2027-01-01", "access_level": 20})
assert token.token.startswith("glpat-"), token.attributes
bot = gitlab.Gitlab(url, private_token=token.token)
bot.auth()
seen["bot"] = bot.user.username.startswith("project_1000_bot_")
mine.access_tokens.delete(token.id)
try:
    gitlab.Gitlab(url, private_token=token.token).auth()
except gitlab.exceptions.GitlabAuthenticationError as refused:
    seen["after revocation"] = refused.response_code
variable = mine.variables.create({"key": "PYTHON_MADE", "value": "EXAMPLE"})
variable.value = "EXAMPLE2"
variable.save()
variable.delete()
hook = mine.hooks.create({"url": "https://python.example", "push_events": True})
hook.delete()
schedule = mine.pipelineschedules.create({"ref": "main", "description": "python", "cron": "0 1 * * *"})
schedule.take_ownership()
schedule.delete()
trigger = mine.triggers.create({"description": "python"})
trigger.delete()
key = mine.keys.create({"title": "python", "key": "ssh-ed25519 AAAAPYTHON"})
key.delete()
leaver = write.users.get(5)
seen["blocked"] = leaver.block()
seen["unblocked"] = leaver.unblock()
try:
    read.projects.get(999999)
except gitlab.exceptions.GitlabGetError as missing:
    seen["missing"] = missing.response_code
print(json.dumps(seen))
