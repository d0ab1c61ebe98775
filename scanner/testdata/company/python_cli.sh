#!/bin/sh
# Sets a small company up on an empty GitLab with the command line of python-gitlab.
# Environment: GITLAB_URL, TOKEN, SECRET, PIPELINE, PUBLIC_KEY as for python_gitlab.py.
set -eu
gl() { python-gitlab --server-url "$GITLAB_URL" --private-token "$TOKEN" "$@"; }
id() { sed -n 's/^id: //p'; }
until=2027-06-01

top=$(gl group create --name Northwind --path northwind | id)
shop=$(gl group create --name Shop --path shop --parent-id "$top" | id)
mira=$(gl user create --username mira --name 'Mira Till' --email mira@northwind.example --reset-password true | id)
gl group-member create --group-id "$shop" --user-id "$mira" --access-level 40 >/dev/null
till=$(gl project create --name till --namespace-id "$shop" --initialize-with-readme true | id)

gl project-file create --project-id "$till" --file-path config.env --branch main --content "STRIPE_KEY=$SECRET" --commit-message configure >/dev/null
gl project-file create --project-id "$till" --file-path .gitlab-ci.yml --branch main --content "@$PIPELINE" --commit-message deploy >/dev/null
gl project-variable create --project-id "$till" --key DEPLOY_TOKEN --value EXAMPLE-till-value --masked true --protected true >/dev/null
gl group-variable create --group-id "$top" --key REGISTRY_PASSWORD --value EXAMPLE-top-value --masked true >/dev/null
gl project-access-token create --project-id "$till" --name 'release bot' --scopes read_api --access-level 30 --expires-at $until >/dev/null
gl group-access-token create --group-id "$top" --name crawler --scopes read_api --access-level 20 --expires-at $until >/dev/null
gl user-personal-access-token create --user-id "$mira" --name laptop --scopes read_repository --expires-at $until >/dev/null
gl project-deploy-token create --project-id "$till" --name pull --scopes read_registry --expires-at $until >/dev/null
gl project-key create --project-id "$till" --title mirror --key "$PUBLIC_KEY" --can-push true >/dev/null
gl project-hook create --project-id "$till" --url https://hooks.northwind.example/till --token EXAMPLE-hook-token --push-events true >/dev/null
nightly=$(gl project-pipeline-schedule create --project-id "$till" --description nightly --ref main --cron '0 2 * * *' | id)
gl project-pipeline-schedule-variable create --project-id "$till" --pipeline-schedule-id "$nightly" --key NIGHT_KEY --value EXAMPLE-night-value >/dev/null
gl project-trigger create --project-id "$till" --description chat >/dev/null
gl project-protected-branch create --project-id "$till" --name 'release/*' --push-access-level 40 >/dev/null

gl project-variable create --project-id "$till" --key SPARE --value EXAMPLE >/dev/null
gl project-variable update --project-id "$till" --key SPARE --value EXAMPLE2 >/dev/null
gl -v project-variable get --project-id "$till" --key SPARE | grep -q EXAMPLE2
gl project-variable delete --project-id "$till" --key SPARE >/dev/null
