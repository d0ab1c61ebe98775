#!/usr/bin/python3
"""Reads the lists that nhi-scan reads, with python-gitlab and one by one: what a script of an evening does.

Usage: NHI_SCAN_TOKEN=... bench_python.py URL N     reads every Nth project
"""
import os
import sys

import gitlab

LISTS = [
    "members", "access_tokens", "deploy_tokens", "deploy_keys", "triggers", "variables", "secure_files",
    "job_token_scope/allowlist", "job_token_scope/groups_allowlist", "hooks", "remote_mirrors",
    "error_tracking/client_keys", "pages/domains", "protected_branches", "protected_tags", "environments",
    "protected_environments", "runners?type=project_type",
]
# Lists whose rows lack what the item has, and the field that names the item.
ITEMS = [("pipeline_schedules", "id"), ("integrations", "slug")]
SINGLE = ["", "/job_token_scope", "/ci/lint"]


def read(gl, path):
    sep = "&" if "?" in path else "?"
    return gl.http_list(path + sep + "per_page=100", get_all=True)


def project(gl, number):
    home = "/projects/%d" % number
    for path in SINGLE:
        gl.http_get(home + path)
    for name in LISTS:
        try:
            read(gl, home + "/" + name)
        except gitlab.GitlabError:
            pass  # not licensed, or switched off
    for name, key in ITEMS:
        for row in read(gl, home + "/" + name):
            gl.http_get("%s/%s/%s" % (home, name, row[key]))
    for agent in read(gl, home + "/cluster_agents"):
        for token in read(gl, "%s/cluster_agents/%d/tokens" % (home, agent["id"])):
            gl.http_get("%s/cluster_agents/%d/tokens/%d" % (home, agent["id"], token["id"]))


def main():
    gl = gitlab.Gitlab(sys.argv[1], private_token=os.environ["NHI_SCAN_TOKEN"])
    step = int(sys.argv[2])
    rows = read(gl, "/projects?order_by=id&sort=asc&pagination=keyset")
    for row in rows[::step]:
        project(gl, row["id"])


main()
