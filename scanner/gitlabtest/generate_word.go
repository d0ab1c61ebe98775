package gitlabtest

import "strings"

func firstNames() []string {
	return strings.Fields("ada amir ana bea ben carla chen dara dimitri elena emil farah finn grace hugo ida ivan jana jonas kai lea leo lina mara mia milan nadia noor omar paul petra rosa sam selma tariq tess ulla vera viktor yara zoe")
}

func lastNames() []string {
	return strings.Fields("adler arndt bauer berg castro conti dahl diaz engel fischer garcia haas holm ito jansen kaur keller kovac lang lopez maurer meyer nair novak okoye olsen park petrov quist reyes rossi sato silva stone tanaka ueda vogel weber winter yilmaz zhang")
}

func companyNames() []string {
	return strings.Fields("acme northwind contoso halden aurora meridian lighthouse")
}

func teamNames() []string {
	return strings.Fields("platform payments identity data mobile web search billing logistics security checkout catalog analytics infra support growth risk compliance api observability")
}

func productNames() []string {
	return strings.Fields("cart ledger invoice router gateway portal console agent beacon mosaic harbor falcon orchid tariff parcel voucher notify ingest relay cache")
}

func partNames() []string {
	return strings.Fields("service api worker ui deploy jobs config chart library exporter")
}

func tokenNames() []string {
	return strings.Fields("ci-release renovate sonar backup nightly-export registry-pull terraform argocd dashboard migration mirror qa-export changelog monitoring")
}

func scopeSets() [][]string {
	return [][]string{{"api"}, {"read_api"}, {"read_api"}, {"read_repository"}, {"read_repository", "write_repository"}, {"read_registry"}, {"api", "write_repository"}}
}

// variableKinds are keys with a plain value or "secret KIND".
func variableKinds() [][2]string {
	return [][2]string{
		{"AWS_ACCESS_KEY_ID", "secret aws-access-key-id"}, {"AWS_SECRET_ACCESS_KEY", "secret aws-secret-access-key"}, {"AWS_REGION", "eu-north-1"},
		{"DB_PASSWORD", "secret password"}, {"DATABASE_URL", "secret database-url"}, {"NPM_TOKEN", "secret npm-token"}, {"LOG_LEVEL", "info"},
		{"SONAR_TOKEN", "secret hex"}, {"SLACK_WEBHOOK_URL", "secret slack-webhook"}, {"DEPLOY_HOST", "deploy.acme.example"}, {"VAULT_TOKEN", "secret vault-token"},
		{"STRIPE_KEY", "secret stripe-key"}, {"DOCKER_PASSWORD", "secret password"}, {"SENTRY_DSN", "secret sentry-dsn"}, {"FEATURE_FLAGS", "on"},
	}
}

func pipelineTexts() []string {
	const deploy = "deploy:\n  stage: deploy\n  environment: production\n"
	return []string{
		"test:\n  image: golang:1.26\n  script: [go test ./...]\n",
		"build:\n  image: docker:27\n  script:\n    - echo \"$CI_REGISTRY_PASSWORD\" | docker login -u \"$CI_REGISTRY_USER\" --password-stdin \"$CI_REGISTRY\"\n    - docker build -t \"$CI_REGISTRY_IMAGE\" .\n    - docker push \"$CI_REGISTRY_IMAGE\"\n",
		deploy + "  script: [aws s3 sync out s3://acme-site]\n",
		deploy + "  id_tokens:\n    AWS_ID_TOKEN: {aud: https://sts.amazonaws.com}\n  script: [./assume.sh, aws s3 sync out s3://acme-site]\n",
		deploy + "  script: [helm upgrade --install app chart/]\n",
		"publish:\n  image: node:22\n  script:\n    - npm config set //npm.acme.example/:_authToken \"$NPM_TOKEN\"\n    - npm publish\n",
		"plan:\n  image: hashicorp/terraform:1.9\n  script: [terraform init, terraform plan]\n",
		"migrate:\n  image: postgres:17\n  script: ['psql \"$DATABASE_URL\" -f migrate.sql']\n",
	}
}
