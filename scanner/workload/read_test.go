package workload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nhiscan/scanner/ciyaml"
)

// What a script does with a credential, in one line each: "system credentials kind".
func TestRead_scripts(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"password_through_a_pipe":               {`echo "$CI_REGISTRY_PASSWORD" | docker login -u "$CI_REGISTRY_USER" --password-stdin $CI_REGISTRY`, []string{"gitlab-registry CI_REGISTRY_PASSWORD,CI_REGISTRY_USER predefined"}},
		"login_without_host_is_docker_hub":      {`docker login -u $HUB_USER -p $HUB_TOKEN`, []string{"dockerhub HUB_TOKEN,HUB_USER ci_variable"}},
		"login_with_a_literal":                  {`docker login -u shop -p EXAMPLEEXAMPLE registry.example.com`, []string{"registry-other - literal"}},
		"push_without_login_is_the_runner":      {`docker push registry.example.com/shop/web`, []string{"registry-other - ambient"}},
		"pull_without_login_is_anonymous":       {`docker pull alpine`, nil},
		"kaniko_configuration":                  {`echo "{\"auths\":{\"$CI_REGISTRY\":{\"auth\":\"$(printf "%s:%s" "$CI_REGISTRY_USER" "$CI_REGISTRY_PASSWORD" | base64)\"}}}" > /kaniko/.docker/config.json`, []string{"gitlab-registry CI_REGISTRY_PASSWORD,CI_REGISTRY_USER predefined"}},
		"curl_header":                           {`curl --request POST --header "PRIVATE-TOKEN: $BOT" "$CI_API_V4_URL/projects/1/repository/tags?tag_name=v1"`, []string{"gitlab-api BOT ci_variable"}},
		"curl_without_credential":               {`curl -fsSL https://example.com/install.sh -o install.sh`, nil},
		"curl_webhook_in_a_variable":            {`curl -X POST -d '{"text":"x"}' $SLACK_WEBHOOK_URL`, []string{"slack SLACK_WEBHOOK_URL ci_variable"}},
		"curl_upload_to_packages":               {`curl --header "JOB-TOKEN: $CI_JOB_TOKEN" --upload-file a.tgz "${CI_API_V4_URL}/projects/${CI_PROJECT_ID}/packages/generic/a/1/a.tgz"`, []string{"gitlab-packages CI_JOB_TOKEN predefined"}},
		"url_built_from_variables":              {"API=https://gitlab.example.com/api/v4\ncurl -H \"PRIVATE-TOKEN: $T_READ\" $API/projects", []string{"gitlab-api T_READ ci_variable"}},
		"git_push_with_a_token_in_the_url":      {`git push https://oauth2:${PUSH_TOKEN}@gitlab.example.com/shop/web.git HEAD:main`, []string{"gitlab-git PUSH_TOKEN ci_variable"}},
		"git_push_to_the_checked_out_remote":    {`git push origin HEAD:main`, []string{"gitlab-git CI_JOB_TOKEN predefined"}},
		"git_clone_without_credential":          {`git clone https://github.com/example/lib.git`, nil},
		"ssh_key_in_the_agent":                  {"eval $(ssh-agent -s)\necho \"$DEPLOY_KEY\" | tr -d '\\r' | ssh-add -\nssh web@host.example uptime", []string{"ssh DEPLOY_KEY ci_variable"}},
		"ssh_key_in_a_file":                     {"echo \"$DEPLOY_KEY\" > k.pem\nchmod 600 k.pem\nscp -i k.pem out.tgz web@host.example:/srv", []string{"ssh DEPLOY_KEY ci_variable"}},
		"ssh_password":                          {`sshpass -p "$HOST_PASSWORD" ssh web@host.example uptime`, []string{"ssh HOST_PASSWORD ci_variable"}},
		"remote_login_is_forwarded":             {`ssh -i $ID web@host.example "docker login -u gitlab-ci-token -p $CI_JOB_TOKEN $CI_REGISTRY"`, []string{"gitlab-registry CI_JOB_TOKEN predefined", "ssh ID ci_variable"}},
		"remote_variable_is_not_the_jobs":       {`ssh -i $ID web@host.example 'mysql -p$DB_PASSWORD shop'`, []string{"ssh ID ci_variable"}},
		"function_with_arguments":               {"login() { docker login -u \"$1\" -p \"$2\" registry.example.com; }\nlogin $R_USER $R_TOKEN", []string{"registry-other R_TOKEN,R_USER ci_variable"}},
		"shell_in_a_shell":                      {`bash -c 'docker login -u $R_USER -p $R_TOKEN registry.example.com'`, []string{"registry-other R_TOKEN,R_USER ci_variable"}},
		"here_document":                         {"cat > ~/.netrc <<EOF\nmachine gitlab.example.com login bot password $READ_TOKEN\nEOF", []string{"gitlab-git READ_TOKEN ci_variable"}},
		"fetched_then_used":                     {"P=$(aws ssm get-parameter --name hub.pwd --query Parameter.Value)\necho $P | docker login -u shop --password-stdin", []string{"aws-ssm AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY implicit", "dockerhub ssm:hub.pwd fetched_secret"}},
		"power_shell":                           {`if ($x -eq 1) { curl.exe -H "PRIVATE-TOKEN: $env:BOT_TOKEN" https://gitlab.example.com/api/v4/projects }`, []string{"gitlab-api BOT_TOKEN ci_variable"}},
		"power_shell_rest":                      {`Invoke-RestMethod -Method Post -Headers @{ "PRIVATE-TOKEN" = "$env:BOT_TOKEN" } -Uri "https://gitlab.example.com/api/v4/projects/1/issues"`, []string{"gitlab-api BOT_TOKEN ci_variable"}},
		"broken_shell_is_read_by_words":         {"if [ -z \"$X\" ; then (\ndocker login -u $R_USER -p $R_TOKEN registry.example.com", []string{"registry-other R_TOKEN,R_USER ci_variable"}},
		"script_that_is_not_at_hand":            {`./deploy.sh production`, []string{"opaque-script - unknown"}},
		"compose_names_services":                {"docker login -u $R_USER -p $R_TOKEN registry.example.com\ndocker compose push web worker", []string{"registry-other R_TOKEN,R_USER ci_variable"}},
		"docker_over_ssh":                       {"echo \"$DEPLOY_KEY\" | ssh-add -\nDOCKER_HOST=ssh://web@host.example docker compose up -d", []string{"ssh DEPLOY_KEY ci_variable"}},
		"rsync_names_the_key_file":              {"echo \"$DEPLOY_KEY\" > k.pem\nrsync -av -e \"ssh -i k.pem -o StrictHostKeyChecking=no\" out/ web@host.example:/srv", []string{"ssh DEPLOY_KEY ci_variable"}},
		"kaniko_configuration_by_printf":        {`printf '{"auths":{"%s":{"auth":"%s"}}}' "$CI_REGISTRY" "$(printf '%s:%s' "$CI_REGISTRY_USER" "$CI_REGISTRY_PASSWORD" | base64)" > /kaniko/.docker/config.json`, []string{"gitlab-registry CI_REGISTRY_PASSWORD,CI_REGISTRY_USER predefined"}},
		"exchange_at_sts_is_no_second_use":      {"export $(printf \"AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\" $(aws sts assume-role-with-web-identity --role-arn $ROLE --web-identity-token $SHOP_TOKEN --output text))\naws sts get-caller-identity\naws s3 ls s3://shop", []string{"aws-s3 SHOP_TOKEN ci_variable"}},
		"federation_names_no_secret":            {"echo \"$SHOP_TOKEN\" > /tmp/token.txt\ncat > /tmp/c.json <<EOF\n{\"type\": \"external_account\", \"url\": \"https://example.com/${SERVICE_ACCOUNT}\", \"credential_source\": {\"file\": \"/tmp/token.txt\"}}\nEOF\ngcloud auth login --cred-file=/tmp/c.json", []string{"gcp SHOP_TOKEN ci_variable"}},
		"upload_by_ftp":                         {`curl -T a.zip --user $FTP_USER:$FTP_PASS ftp://ftp.example.com/`, []string{"ftp FTP_PASS,FTP_USER ci_variable"}},
		"module_of_the_repository":              {`python -m shop.jobs.sync`, []string{"opaque-script - unknown"}},
		"module_that_is_installed":              {`python -m grpc_tools.protoc -I. a.proto`, nil},
		"script_from_a_host_with_a_token":       {`bash <(curl -s https://codecov.io/bash) -t $CODECOV_TOKEN`, []string{"codecov CODECOV_TOKEN ci_variable"}},
		"command_behind_a_proxy":                {`proxychains4 -q ssh -i $ID web@host.example uptime`, []string{"ssh ID ci_variable"}},
		"command_in_a_python_environment":       {`poetry run twine upload -p $UPLOAD_TOKEN dist/*`, []string{"pypi UPLOAD_TOKEN ci_variable"}},
		"program_of_the_project":                {`uv run --frozen shop deploy --fast`, []string{"opaque-script - unknown"}},
		"program_on_the_jobs_own_files":         {"uv run shop lint\npoetry run pytest --cov\nhatch run test", nil},
		"command_with_a_managers_secrets":       {`doppler run --token $DOPPLER_TOKEN -- docker login -p $R_TOKEN registry.example.com`, []string{"registry-other R_TOKEN ci_variable", "secrets-manager DOPPLER_TOKEN ci_variable"}},
		"program_of_a_package":                  {`yarn vercel deploy --token $SITE_TOKEN`, []string{"vercel SITE_TOKEN ci_variable"}},
		"script_that_gets_a_credential":         {`npm run netlify -- --auth $SITE_TOKEN`, []string{"netlify SITE_TOKEN ci_variable"}},
		"power_shell_writes_a_file":             {"if ($true) { $x = 1 }\nSet-Content -Path \"$env:TEMP\\key.json\" -Value $env:GCP_KEY\ngcloud auth activate-service-account --key-file=\"$env:TEMP\\key.json\"", []string{"gcp GCP_KEY ci_variable"}},
		"dependencies_of_go":                    {"dep ensure\ndep deploy production", []string{"ssh - ambient"}},
		"cluster_that_a_script_makes":           {"curl -s https://raw.githubusercontent.com/k3d-io/k3d/main/install.sh | bash\nmake cluster\nkubectl get pods", []string{"opaque-script - unknown"}},
		"docker_configuration_elsewhere":        {"export DOCKER_CONFIG=/tmp/docker\necho \"$DOCKER_AUTH\" > $DOCKER_CONFIG/config.json\ndocker push registry.example.com/shop", []string{"registry-other DOCKER_AUTH ci_variable"}},
		"command_behind_an_unknown_word":        {`with_log --quiet docker login -u $R_USER -p $R_TOKEN registry.example.com`, []string{"registry-other R_TOKEN,R_USER ci_variable"}},
		"token_in_the_file_of_a_variable":       {"export AWS_WEB_IDENTITY_TOKEN_FILE=./web\necho $SHOP_TOKEN > $AWS_WEB_IDENTITY_TOKEN_FILE\naws s3 ls s3://shop", []string{"aws-s3 SHOP_TOKEN ci_variable"}},
		"key_of_a_project_is_no_secret":         {`sonar-scanner -Dsonar.projectKey=$SONAR_PROJECT_KEY_WEB -Dsonar.login=$SONAR_LOGIN_WEB`, []string{"sonarqube SONAR_LOGIN_WEB ci_variable"}},
		"login_without_host_whatever_the_names": {"docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD\ndocker push shop/web", []string{"dockerhub CI_REGISTRY_PASSWORD,CI_REGISTRY_USER predefined"}},
		"packages_of_gitlab_in_a_file":          {"echo \"//gitlab.example.com/api/v4/projects/1/packages/npm/:_authToken=${CI_JOB_TOKEN}\" > .npmrc\nnpx release", []string{"gitlab-packages CI_JOB_TOKEN predefined"}},
		"context_of_a_gitlab_agent":             {"kubectl config use-context shop/infra:production\nkubectl apply -f k8s/", []string{"kubernetes KUBECONFIG predefined"}},
		"context_of_another_cluster":            {"kubectl config use-context arn:aws:eks:eu-west-1:1:cluster/shop\nkubectl apply -f k8s/", []string{"kubernetes KUBECONFIG implicit"}},
		"kaniko_takes_the_clouds_credential":    {"cp $GCP_KEY /kaniko/key.json\nexport GOOGLE_APPLICATION_CREDENTIALS=/kaniko/key.json\n/kaniko/executor --destination europe-docker.pkg.dev/shop/web:v1", []string{"registry-other GCP_KEY ci_variable"}},
		"client_option_with_a_value":            {"buildah login -u $HUB_USER -p $HUB_TOKEN docker.io\nbuildah --storage-driver overlay2 push docker.io/shop/web", []string{"dockerhub HUB_TOKEN,HUB_USER ci_variable"}},
		"configuration_named_for_docker_hub":    {"cp $DOCKER_HUB_CONFIG ~/.docker/config.json\ndocker push $IMAGE", []string{"dockerhub DOCKER_HUB_CONFIG ci_variable"}},
		"secret_of_an_image_build":              {"docker build --secret id=geo,env=GEO_LICENCE_KEY --build-arg VERSION=$CI_COMMIT_TAG .", []string{"other-service GEO_LICENCE_KEY ci_variable"}},
		"password_of_a_server_of_its_own":       {"shopd user add --password EXAMPLEEXAMPLE\nP_PASSWORD=EXAMPLEEXAMPLE\nshopd user add --password $P_PASSWORD", nil},
		"retry_of_its_arguments":                {"retry() { for i in 1 2 3; do \"$@\" && return; done; }\nretry docker login -u $R_USER -p $R_TOKEN registry.example.com", []string{"registry-other R_TOKEN,R_USER ci_variable"}},
		"arguments_after_a_shift":               {"with() { local n=$1; shift; \"$@\"; }\nwith 3 docker login -u $R_USER -p $R_TOKEN registry.example.com", []string{"registry-other R_TOKEN,R_USER ci_variable"}},
		"options_in_an_array":                   {"ARGS=(--fail -H \"PRIVATE-TOKEN: $BOT\")\nARGS+=(-X POST)\ncurl \"${ARGS[@]}\" https://gitlab.example.com/api/v4/projects/1/issues", []string{"gitlab-api BOT ci_variable"}},
		"loop_over_nothing_that_is_known":       {"for t in $TAGS; do docker push registry.example.com/shop:$t; done", []string{"registry-other - ambient"}},
		"command_of_find":                       {`find . -name '*.csv' -exec influx write --token $INFLUX_TOKEN --host $INFLUX_URL --file {} \;`, []string{"database INFLUX_TOKEN ci_variable"}},
		"eval_with_the_output_of_a_command":     {`eval curl --header "PRIVATE-TOKEN:$BOT" https://gitlab.example.com/api/v4/$(cat path)`, []string{"gitlab-api BOT ci_variable"}},
		"either_branch":                         {"if [ \"$CI_COMMIT_BRANCH\" = main ]; then K=$LIVE_KEY; else K=$TEST_KEY; fi\necho \"$K\" | ssh-add -\nssh web@host.example uptime", []string{"ssh LIVE_KEY,TEST_KEY ci_variable"}},
		"case_of_an_environment":                {"case $1 in live) T=$LIVE_TOKEN;; *) T=$TEST_TOKEN;; esac\ncurl -H \"PRIVATE-TOKEN:$T\" https://gitlab.example.com/api/v4/projects", []string{"gitlab-api LIVE_TOKEN,TEST_TOKEN ci_variable"}},
		"where_none_is_given":                   {"if [ -z \"$PUSH_TOKEN\" ]; then PUSH_TOKEN=$CI_JOB_TOKEN; fi\ngit push https://x:${PUSH_TOKEN}@gitlab.example.com/shop/web.git HEAD:main", []string{"gitlab-git CI_JOB_TOKEN,PUSH_TOKEN ci_variable"}},
		"branch_that_sets_what_no_test_asks":    {"if [ -n \"$CI_COMMIT_TAG\" ]; then T=$LIVE_TOKEN; fi\ncurl -H \"PRIVATE-TOKEN:$T\" https://gitlab.example.com/api/v4/projects", []string{"gitlab-api LIVE_TOKEN ci_variable"}},
		"default_of_a_parameter":                {`git push https://oauth2:${PUSH_TOKEN:-$CI_JOB_TOKEN}@gitlab.example.com/shop/web.git HEAD:main`, []string{"gitlab-git CI_JOB_TOKEN,PUSH_TOKEN ci_variable"}},
		"script_that_flows_in":                  {`curl -sSf https://example.com/install.sh | sh -s -- -b /usr/local/bin`, nil},
		"here_document_for_a_shell":             {"bash -s -- $R_TOKEN <<'EOF'\ndocker login -u shop -p $1 registry.example.com\nEOF", []string{"registry-other R_TOKEN ci_variable"}},
		"power_shell_runs_a_file":               {`pwsh -NoProfile -ExecutionPolicy Bypass -File deploy.ps1 -Token $SHOP_TOKEN`, []string{"opaque-script - unknown", "other-service SHOP_TOKEN ci_variable"}},
		"program_that_is_built_and_run":         {`go run ./cmd/release --charts-trigger-token $SHOP_TOKEN`, []string{"opaque-script - unknown", "other-service SHOP_TOKEN ci_variable"}},
		"program_of_a_module":                   {`go run github.com/golang-migrate/migrate/v4/cmd/migrate@v4 -path db -database $LIVE_DATABASE_URL up`, []string{"database LIVE_DATABASE_URL ci_variable"}},
		"own_variable_with_the_prefix_of_ci":    {`shopctl publish --token $CI_SHOP_TOKEN --job $CI_JOB_ID`, []string{"other-service CI_SHOP_TOKEN ci_variable"}},
		"argument_of_a_kaniko_build":            {`/kaniko/executor --build-arg LARGE_FILES_TOKEN=$LARGE_FILES_TOKEN --destination registry.example.com/shop`, []string{"other-service LARGE_FILES_TOKEN ci_variable", "registry-other - ambient"}},
		"backend_that_only_its_user_tells":      {`terraform init -backend-config=password=$STATE_TOKEN -backend-config=username=gitlab-ci-token`, []string{"gitlab-terraform-state STATE_TOKEN ci_variable"}},
		"values_for_terraform_in_a_file":        {"echo \"db = \\\"$SHOP_PASSWORD\\\"\" > shop.auto.tfvars\nterraform apply", []string{"terraform-providers SHOP_PASSWORD ci_variable"}},
		"job_token_to_gitlab_beside_the_runner": {`curl -X POST --form token=$CI_JOB_TOKEN --form ref=main http://localhost/api/v4/projects/4/trigger/pipeline`, []string{"gitlab-api CI_JOB_TOKEN predefined"}},
		"token_named_for_gitlab_to_another":     {`curl -H "Authorization: Bearer $GITLAB_OIDC_TOKEN" https://deploy.example.com/run`, []string{"http-other GITLAB_OIDC_TOKEN ci_variable"}},
		"path_of_a_secret_is_not_its_name":      {"T=$(vault kv get -field=token kv/gitlab-ci/global)\ncurl -d token=$T https://api.example.com/messages", []string{"http-other vault:kv/gitlab-ci/global fetched_secret", "vault VAULT_TOKEN implicit"}},
		"key_file_that_nobody_makes":            {`cosign sign --key cosign.key registry.example.com/shop`, []string{"signing - unknown"}},
		"public_key_from_a_file":                {`gpg --import release.asc`, nil},
		"credential_for_a_script_elsewhere":     {`python3 tools/configure.py -v $CICD_VAULT_TOKEN -c $SHOP_KEY`, []string{"opaque-script - unknown", "other-service SHOP_KEY ci_variable", "vault CICD_VAULT_TOKEN ci_variable"}},
		"words_of_an_unknown_client":            {`imagectl registry add $CI_REGISTRY $CI_REGISTRY_USER $CI_REGISTRY_PASSWORD`, []string{"gitlab-registry CI_REGISTRY_PASSWORD,CI_REGISTRY_USER predefined"}},
		"words_that_tell_no_system":             {`imagectl check $SHOP_KEY`, nil},
		"block_that_the_yaml_folds":             {`if [[ -n "$CI_REGISTRY_USER" ]]; then echo "login" docker login -u "$CI_REGISTRY_USER" -p "$CI_REGISTRY_PASSWORD" fi`, []string{"dockerhub CI_REGISTRY_PASSWORD,CI_REGISTRY_USER predefined"}},
		"file_for_what_is_not_seen":             {"cat $YC_KEY > infra/sa_key.json\nmake release", []string{"opaque-script - unknown", "yandex-cloud YC_KEY ci_variable"}},
		"key_that_a_configuration_names":        {"echo \"$SHOP_SSH_PRIVATE_KEY\" > auth/id_shop\nansible-playbook -i hosts site.yml", []string{"ssh SHOP_SSH_PRIVATE_KEY ci_variable"}},
		"renamed_for_what_is_not_seen":          {"export SHOP_DB=$LIVE_DB_PASSWORD\n./deploy.sh", []string{"opaque-script - unknown", "other-service LIVE_DB_PASSWORD ci_variable"}},
		"variable_handed_to_an_unknown_tool":    {"printf '%s' \"$DEPLOY_KEY\" > key\nexport ANSIBLE_PRIVATE_KEY_FILE=key\nshopctl deploy", []string{"ssh DEPLOY_KEY ci_variable"}},
		"variable_that_several_tools_read":      {"export GITLAB_TOKEN=$BOT_TOKEN\nshopctl release", []string{"gitlab-api BOT_TOKEN ci_variable"}},
		"variable_of_a_tool_that_is_seen":       {"export ANSIBLE_PRIVATE_KEY_FILE=$DEPLOY_KEY\nansible-playbook -i hosts site.yml", []string{"ssh DEPLOY_KEY ci_variable"}},
		"builder_in_a_cluster":                  {`docker buildx create --driver=kubernetes --use`, []string{"kubernetes - ambient"}},
		"name_of_a_bucket_is_no_secret":         {`aws s3 sync out s3://$(jq -r --arg key "$TF_KEY_S3_BUCKET" '.[$key]' o.json)`, []string{"aws-s3 AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY implicit"}},
		"registry_user_goes_with_password":      {`ansible-playbook -i hosts site.yml --private-key $KEY_FILE -e "user=$REGISTRY_USER" -e "password=$REGISTRY_PASSWORD"`, []string{"registry-other REGISTRY_PASSWORD,REGISTRY_USER ci_variable", "ssh KEY_FILE ci_variable"}},
		"keys_made_by_sts_are_not_its_own":      {"aws sts assume-role --role-arn $ROLE > creds.json\nexport AWS_ACCESS_KEY_ID=$(jq -r .Credentials.AccessKeyId creds.json)\nexport AWS_SECRET_ACCESS_KEY=$(jq -r .Credentials.SecretAccessKey creds.json)\necho AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID} >> .env", []string{"aws-sts AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY implicit"}},
		"comment":                               {"# docker login -p $R_TOKEN registry.example.com\ntrue", nil},
	} {
		t.Run(name, func(t *testing.T) {
			config, job := jobOf(t, c.script)
			if diff := cmp.Diff(c.want, short(Of(config).Read(job, nil)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s\n(-want +got)\n%s", c.script, diff)
			}
		})
	}
}

// What the configuration adds to a script.
func TestRead_configuration(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"variable_of_the_yaml_stands_for_another": {
			"variables: {PASS: $HOST_TOKEN}\njob:\n  script: docker login -u shop -p $PASS registry.example.com",
			[]string{"registry-other HOST_TOKEN ci_variable"},
		},
		"variable_of_all_jobs_is_no_use_in_each": {
			"variables: {TWINE_PASSWORD: $INDEX_TOKEN}\njob: {script: 'true'}",
			nil,
		},
		"secret_in_the_yaml_is_literal": {
			"job:\n  variables: {API_TOKEN: EXAMPLEEXAMPLE}\n  script: 'curl -H \"PRIVATE-TOKEN: $API_TOKEN\" $CI_API_V4_URL/projects'",
			[]string{"gitlab-api API_TOKEN literal"},
		},
		"left_empty_for_the_settings": {
			"variables: {HUB_TOKEN: '', HUB_USER: ''}\njob:\n  script: echo $HUB_TOKEN | docker login -u $HUB_USER --password-stdin",
			[]string{"dockerhub HUB_TOKEN,HUB_USER ci_variable"},
		},
		"named_for_a_tool_that_is_not_seen": {
			"job:\n  variables: {SENTRY_AUTH_TOKEN: $SHOP_ERRORS_TOKEN}\n  script: npx nuxt generate",
			[]string{"sentry SHOP_ERRORS_TOKEN ci_variable"},
		},
		"every_row_of_a_matrix": {
			"job:\n  parallel: {matrix: [{R: [registry.example.com, docker.io]}]}\n  script: docker login -u $R_USER -p $R_TOKEN $R",
			[]string{"dockerhub R_TOKEN,R_USER ci_variable", "registry-other R_TOKEN,R_USER ci_variable"},
		},
		"trigger_of_another_project": {"job: {trigger: shop/infra}", []string{"gitlab-downstream - trigger"}},
		"release":                    {"job: {script: 'true', release: {tag_name: v1, description: x}}", []string{"gitlab-api CI_JOB_TOKEN predefined"}},
		"id_token_for_vault": {
			"job:\n  id_tokens: {VAULT_ID_TOKEN: {aud: https://vault.example}}\n  secrets: {DB_PASSWORD: {vault: shop/db/password}}\n  script: 'true'",
			[]string{"vault DB_PASSWORD vault_secret", "vault VAULT_ID_TOKEN id_token"},
		},
		"database_of_the_job_is_no_system": {
			"job:\n  services: [postgres]\n  variables: {POSTGRES_PASSWORD: EXAMPLE}\n  script: psql postgres://postgres:$POSTGRES_PASSWORD@postgres/test",
			nil,
		},
		"database_by_the_alias_of_its_service": {
			"job:\n  services: [{name: registry.example.com/shop/pg:1, alias: 'db.shop,store'}]\n  script:\n  - psql postgres://postgres:$PG_PASSWORD@db.shop/test\n  - psql postgres://postgres:$PG_PASSWORD@other.shop/test",
			[]string{"database PG_PASSWORD ci_variable"},
		},
		"runner_of_ones_own_may_have_a_role": {"job: {tags: [deploy], script: aws s3 ls s3://shop}", []string{"aws-s3 - ambient"}},
		"variable_of_terraform_in_the_yaml": {
			"variables: {TF_VAR_secret_id: $VAULT_SECRET_ID}\njob: {script: terraform apply -auto-approve}",
			[]string{"vault VAULT_SECRET_ID ci_variable"},
		},
		"credential_in_an_artifact": {
			"deploy: {stage: deploy, script: gcloud auth activate-service-account --key-file=key.json}\nlogin:\n  stage: build\n  script: ['echo \"$GCP_KEY\" | base64 -d > key.json', 'echo 1 > version.txt']\n  artifacts: {paths: [key.json, version.txt]}",
			[]string{"gcp artifact:GCP_KEY artifact"},
		},
		"artifact_without_a_credential": {
			"deploy: {stage: deploy, script: 'docker build -t shop:$(cat version.txt) .'}\nversion:\n  stage: build\n  script: 'echo 1 > version.txt'\n  artifacts: {paths: [version.txt]}",
			nil,
		},
		"id_token_in_the_configuration_of_a_cloud": {
			"job:\n  id_tokens: {SHOP_TOKEN: {aud: shop}}\n  script: ['echo \"$SHOP_TOKEN\" > /tmp/web', 'printf \"web_identity_token_file=/tmp/web\" > ~/.aws/config', ./deploy.sh]",
			[]string{"aws SHOP_TOKEN id_token", "opaque-script - unknown"},
		},
		"job_from_a_file_that_is_not_here": {
			"include: {project: shop/ci, file: a.yml}\njob: {extends: .deploy}",
			[]string{"opaque-include - unknown"},
		},
		"job_that_takes_a_part_from_elsewhere": {
			"job:\n  extends: .login\n  script: ['docker login -u $R_USER -p $R_TOKEN registry.example.com']",
			[]string{"opaque-include - unknown", "registry-other R_TOKEN,R_USER ci_variable"},
		},
		"job_with_nothing_left_to_take": {
			"job:\n  extends: .rules\n  before_script: ['true']\n  script: ['scp -i $ID a web@host.example:/srv']",
			[]string{"ssh ID ci_variable"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			config, job := pipeline(t, c.text)
			if diff := cmp.Diff(c.want, short(Of(config).Read(job, nil)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s\n(-want +got)\n%s", c.text, diff)
			}
		})
	}
}

func TestRead_files(t *testing.T) {
	files := map[string]string{
		"deploy.sh":    "#!/bin/sh\nset -e\nscp out.tgz web@host.example:/srv\ncurl -H \"PRIVATE-TOKEN: $BOT_TOKEN\" $CI_API_V4_URL/projects\n./more.sh\n",
		"Makefile":     "REGISTRY ?= registry.example.com\n\npush: login\n\tdocker push $(REGISTRY)/shop\n\nlogin:\n\t@docker login -u $$R_USER -p $$R_TOKEN $(REGISTRY)\n",
		"package.json": `{"scripts": {"deploy": "netlify deploy --auth $SITE_TOKEN", "build": "vite build"}}`,
		"report.py":    "import os\ntoken = os.environ['GITLAB_TOKEN']\n",
	}
	for script, want := range map[string][]string{
		"bash deploy.sh":      {"gitlab-api BOT_TOKEN ci_variable", "ssh - ambient"},
		"make push":           {"registry-other R_TOKEN,R_USER ci_variable"},
		"npm run deploy":      {"netlify SITE_TOKEN ci_variable"},
		"npm run build":       nil,
		"python3 report.py":   {"gitlab-api GITLAB_TOKEN ci_variable"},
		"./absent.sh":         {"opaque-script - unknown"},
		"sh ../../etc/passwd": {"opaque-script - unknown"},
	} {
		config, job := jobOf(t, script)
		got := Of(config).Read(job, func(name string) ([]byte, bool) {
			text, ok := files[name]
			return []byte(text), ok
		})
		if diff := cmp.Diff(want, short(got), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", script, diff)
		}
	}
}

func TestRead_wholeUse(t *testing.T) {
	config, job := pipeline(t, "job:\n  script:\n    - true\n    - |\n      true\n      curl -d a=b -H \"PRIVATE-TOKEN: $BOT_TOKEN\" \"$CI_API_V4_URL/projects/7/merge_requests/3/notes?x=y\"\n")
	want := []Use{{
		System: "gitlab-api", Operation: "POST /projects/:id/merge_requests/:id/notes", Credentials: []string{"BOT_TOKEN"}, Kind: Variable,
		AuthStyle: "private-token-header", Least: "project access token, scope api, Reporter (Developer to merge); the job token cannot",
		Confidence: High, Evidence: Evidence{Line: 6},
	}}
	if diff := cmp.Diff(want, Of(config).Read(job, nil)); diff != "" {
		t.Errorf("Read (-want +got)\n%s", diff)
	}
}

// What would be enough is enough for all that a credential does.
func TestRead_leastOfSeveralOperations(t *testing.T) {
	for script, want := range map[string]string{
		"git clone https://bot:$BOT_TOKEN@gitlab.example.com/a/b.git\ncd b\ngit push":                                                                                   "the job token where the project allows pushes with it; else a project access token with write_repository, Developer",
		"curl -H \"PRIVATE-TOKEN: $BOT_TOKEN\" $CI_API_V4_URL/projects/1/issues\ncurl -d a=b -H \"PRIVATE-TOKEN: $BOT_TOKEN\" $CI_API_V4_URL/projects/1/issues":         "project access token, scope api, Reporter (Developer to merge); the job token cannot",
		"curl -H \"PRIVATE-TOKEN: $BOT_TOKEN\" $CI_API_V4_URL/projects/1/issues\ncurl -X DELETE -H \"PRIVATE-TOKEN: $BOT_TOKEN\" $CI_API_V4_URL/projects/1/variables/A": "project access token, scope api, Maintainer; protected and scoped to one environment",
		"curl -H \"PRIVATE-TOKEN: $GITLAB_TOKEN\" \"$OUTPUT_URL\"":                                                                                                      "project access token, scope read_api, Reporter, on the one project",
	} {
		config, job := jobOf(t, script)
		for _, u := range Of(config).Read(job, nil) {
			if u.Least != want {
				t.Errorf("%s\n%s %s: enough would be %q, want %q", script, u.System, u.Operation, u.Least, want)
			}
		}
	}
}

// A login that a job does nothing with is not needed, unless something runs that cannot be read.
func TestRead_unusedLogin(t *testing.T) {
	login := "docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY\n"
	for script, want := range map[string]string{
		login + "true":        "none: the login is not needed",
		login + "make deploy": "already least",
		login + "docker push $CI_REGISTRY_IMAGE:v1":            "already least",
		"docker login -u $HUB_USER -p $HUB_TOKEN\n./deploy.sh": "token with the right that the job needs on the one repository",
	} {
		config, job := jobOf(t, script)
		for _, u := range Of(config).Read(job, nil) {
			if strings.HasPrefix(u.Operation, "docker login") && u.Least != want {
				t.Errorf("%q: enough would be %q, want %q", script, u.Least, want)
			}
		}
	}
}

// What a parent brings that is not at hand may need a login.
func TestRead_loginBeforeWhatIsMissing(t *testing.T) {
	config, job := pipeline(t, "job:\n  extends: .push\n  before_script: ['docker login -u $R_USER -p $R_TOKEN registry.example.com']")
	for _, u := range Of(config).Read(job, nil) {
		if strings.HasPrefix(u.Least, "none: ") {
			t.Errorf("a login before a script that is not at hand: %q would be enough", u.Least)
		}
	}
}

// Bounds: what is hostile ends, and says that it did.
func TestRead_bounds(t *testing.T) {
	bomb := "f() { f; f; f; f; }\nf\ng() { for i in a b c d; do h; done; }; h() { for i in a b c d; do g; done; }; g\n"
	for name, script := range map[string]string{
		"calls_itself":      bomb,
		"shell_in_a_shell":  "X='eval $X'\neval $X\nbash -c \"$X\"",
		"text_grows":        "A=$B$B$B$B$B$B$B$B\nB=$A$A$A$A\n" + strings.Repeat("A=$A$A$A\n", 200) + "docker login -p $A x.example.com",
		"loops_in_loops":    strings.Repeat("for i in a b c d; do ", 20) + "x=$i" + strings.Repeat("; done", 20),
		"make_in_a_loop":    strings.Repeat("for i in a b c d; do ", 12) + "make x$i" + strings.Repeat("; done", 12),
		"long_line":         "echo " + strings.Repeat("$X_TOKEN ", 100_000),
		"deep_substitution": strings.Repeat("$(echo ", 200) + "x" + strings.Repeat(")", 200),
	} {
		t.Run(name, func(t *testing.T) {
			config := &ciyaml.Config{}
			job := ciyaml.Job{Name: "job", Script: []ciyaml.Command{{Text: script}}}
			for _, u := range Of(config).Read(job, nil) {
				if len(u.Operation) > 4*maxText || len(u.Credentials) > maxNames {
					t.Errorf("a use is larger than the bounds: %d, %d", len(u.Operation), len(u.Credentials))
				}
			}
		})
	}
	job := ciyaml.Job{Name: "job", Script: []ciyaml.Command{{Text: "true"}, {Text: strings.Repeat("true\n", maxScript/5+1)}}}
	if got := short(Of(&ciyaml.Config{}).Read(job, nil)); len(got) != 1 || got[0] != "opaque-script - unknown" {
		t.Errorf("a script above the bound gives %q", got)
	}
}

func FuzzRead(f *testing.F) {
	for _, tool := range Tools() {
		for _, e := range tool.Examples {
			f.Add(e.Script)
		}
	}
	for _, s := range []string{"if then fi ((", "curl -", "git -c", "ssh -i", "docker run -e", "$env:X = 'a'; & curl.exe @{", "cat <<EOF\n$X", "a() { a; }; a", "echo ${!X} ${X:-$(Y)} `Z`", "%A%%B%\x00\u202e", "sh sh sh", "make -C x -f y z", "{{ a }} {% b %}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		config := &ciyaml.Config{}
		job := ciyaml.Job{Name: "job", Script: []ciyaml.Command{{Text: script, Origin: ciyaml.Origin{Line: 1}}}}
		for _, u := range Of(config).Read(job, func(string) ([]byte, bool) { return []byte(script), true }) {
			if u.System == "" || u.Kind == "" || u.Confidence.rank() < 0 || u.Evidence.Line < 0 || u.Evidence.Line > strings.Count(script, "\n")+1 {
				t.Fatalf("%q: %+v", script, u)
			}
		}
	})
}

// corpus holds real pipeline files; it lies beside the repository and is read in place.
const corpus = "../../../shared/corpus/gitlab-ci"

func TestRead_corpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpus, "*.yml"))
	if len(files) == 0 {
		t.Skip("the corpus of pipeline files is not here")
	}
	jobs, uses := 0, 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		config, err := ciyaml.Resolve(t.Context(), text, "", ciyaml.Options{})
		if err != nil {
			continue
		}
		for _, j := range config.Jobs {
			jobs++
			for _, u := range Of(config).Read(j, nil) {
				uses++
				if u.System == "" || u.Operation == "" {
					t.Errorf("%s: %s: %+v", filepath.Base(f), j.Name, u)
				}
			}
		}
	}
	t.Logf("%d files, %d jobs, %d uses", len(files), jobs, uses)
	if uses < jobs/4 {
		t.Errorf("%d uses in %d jobs", uses, jobs)
	}
}
