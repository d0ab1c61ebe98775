package detect

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
)

// What lowers a confidence, and what must not.
func TestScan_doubts(t *testing.T) {
	r := rand.New(rand.NewPCG(91, 92))
	hex := func(n int) string { return random(r, "0123456789abcdef", n) }
	digits := func(n int) string { return random(r, "123456789", n) }
	table := ""
	for range leastVectors {
		table += "\tsharedSecret: \"" + hex(64) + "\",\n"
	}
	for _, c := range []struct {
		name, path, text string
		shown            bool
	}{
		{"checksum_of_a_token_does_not_hold", "a.txt", "token: ghp_" + random(r, alnum, 36), true},
		{"placeholder_with_prefix", "a.txt", "see ghp_" + strings.Repeat("EXAMPLE", 5) + "X there", false},
		{"basic_is_no_pair", "a.txt", "Authorization: Basic " + strings.Repeat("kJ8w", 8), false},
		{"public_key", "a.go", `PublicKey: "` + hex(64) + `"`, false},
		{"private_key", "a.go", `PrivateKey: "` + hex(64) + `"`, true},
		{"table_of_vectors", "crypto/x_test.go", table, false},
		{"assigned_in_make", "", "DEPLOY_TOKEN ?= \"" + random(r, alnum, 32) + "\"", true},
		{"assigned_in_posix_make", "", "DEPLOY_TOKEN ::= \"" + random(r, alnum, 32) + "\"", true},
		{"behind_its_name_in_prose", "notes.md", "the api key " + hex(20) + random(r, alnum, 20) + "7 is in use", true},
		{"sentence_with_pass", "a.go", "// pass `flags` to the second pass: interpret all", false},
		{"kubernetes_secret_by_content", "", "kind: Secret\ndata:\n  x: " + random(r, alnum, 24) + "\n", true},
		{"modifier_before_the_name", "A.java", "\tprivate static final String JWT_PASSWORD = \"" + random(r, alnum, 15) + "7\";", true},
		{"directive_of_nginx", "nginx.conf", "proxy_pass http://127.0.0.1:8081;", false},
		{"comment_in_place_of_a_value", "a.yml", "redis:\n  password: # empty by default\n", false},
		{"tag_of_an_image", "a.yml", "image: acme/vault-secrets:1.13.5-no-vault\n", false},
		{"coordinate_of_a_package", "", "uses io.acme.token:acme-core-0.11.2 here", false},
		{"path_of_a_link", "a.md", "| [x](https://acme.example/resources/password) | resource |", false},
		{"scheme_joined_with_a_variable", "a.js", "headers: { Authorization: 'Bearer ' + token }", false},
		{"scheme_at_the_end_of_a_string", "a.go", `h := "Basic " + base64.StdEncoding.EncodeToString([]byte("x7:y8"))`, false},
		{"sentence_with_identified", "a.go", "// the type is identified by remoteId7 here", false},
		{"text_in_a_language", "i18n/messages_nl.properties", "account.password=Wachtwoord7", false},
		{"class_of_a_style", "a.css", ".fa-user-secret:before{content:\"\\f21b\"}", false},
		{"encrypted", "a.yml", "password: ENC[AES256_GCM,data:" + random(r, alnum, 24) + ",type:str]", false},
		{"head_of_a_key_in_code", "A.java", "key = key.replace(\"-----BEGIN PRIVATE KEY-----\", \"\").replace(\"-----END PRIVATE KEY-----\", \"\");", false},
		{"address_of_a_contract", "a.sol", "IERC20 token = IERC20(0x" + hex(40) + ");", false},
		{"rules_of_a_field", "a.php", "'password' => 'required|string|confirmed|min:8',", false},
		{"stand_ins_in_a_url", "a.yml", "url: postgres://user:password@db:5432/app", false},
		{"call_with_user_and_password", "a.js", "conn.login('deploy@acme.example', '" + random(r, alnum, 14) + "7');", true},
		{"signs_like_a_template", "config.php", "define('SALT', '" + random(r, alnum, 12) + "#{D[-t>y" + random(r, alnum, 12) + "$(8~');", true},
		{"arithmetic_of_a_shell", "a.sh", "PASS=$((PASS + 1))", false},
		{"address_of_a_login", "a.yml", "AUTH_URL=https://login.acme.example", false},
		{"git_credentials_as_typed", ".git-credentials", "https://bot@acme.example:" + random(r, alnum, 8) + "!#@7@git.acme.example\n", true},
		{"file_in_a_kubernetes_secret", "a.yml", "kind: Secret\nstringData:\n  a.yaml: |-\n    \"receivers\":\n    - \"name\": \"Default\"\n", false},
		{"name_of_a_secret_of_kubernetes", "values.yaml", "existingSecret: onyx-objectstorage", false},
		{"id_of_jenkins", "config.xml", "<credentialsId>deploy-cred7</credentialsId>", false},
		{"file_of_a_password", "a.tfvars", `crypted_pwd_file = "demo02_inst1_crypted_b64"`, false},
		{"expression_of_a_template", "a.tpl", "{{- $password := randAlphaNum $passwordLength7 }}", false},
		{"literal_in_a_template", "a.yaml", `{{- $password := "` + random(r, alnum, 14) + `7" }}`, true},
		{"index_of_a_table", "a.yml", "ENV['PASSWORD']=ENV['T_PASS7'];", false},
		{"fingerprint_of_a_key", "Dockerfile", "RUN GPG_KEYS=" + strings.ToUpper(hex(40)) + " gpg --recv-keys $GPG_KEYS", false},
		{"key_of_sentry", "a.conf", "report-uri https://sentry.acme.example/api/7/security/?sentry_key=" + hex(32), false},
		{"when_ansible_sets_a_password", "a.yml", "user: name=deploy update_password=always", false},
		{"steps_of_pam", "etc/pam.d/login", "password   include   system-auth\n-password  optional  pam_gnome_keyring.so\n", false},
		{"key_of_openpgp", "a.repo", "GPGKey=mQINBF" + random(r, alnum, 60), false},
		{"name_of_a_variable_in_an_entry", "render.yaml", "envVars:\n  - key: OTEL_EXPORTER_OTLP_ENDPOINT\n", false},
		{"masked_in_the_middle", "a.log", "API_KEY=on_" + random(r, alnum, 5) + "****" + random(r, alnum, 4), false},
		{"says_when_to_change_it", ".env", "SESSION_SECRET=change-this-local-secret7", false},
		{"key_of_a_table", "a.txt", "foreignKey=" + random(r, alnum, 30), false},
		{"alphabet", "a.php", `$keys = ' !"#$%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ';`, false},
		{"password_of_nuget", "nuget.config", `<add key="ClearTextPassword" ` + "value=\"" + random(r, alnum, 12) + "\" />", true},
		{"pair_of_the_standard", "a_test.go", `check(r.Header.Get("Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")`, false},
		{"guest_of_rabbitmq", "a.yml", "url: amqp://guest:guest@localhost:5672/", false},
		{"token_of_a_form_to_come", "a.go", `GitHubToken = "ghs_` + random(r, alnum, 60) + `"`, true},
		{"token_of_slack_too_short", "a.go", `token: "xoxp-` + digits(12) + `"`, false},
		{"token_of_telegram_by_its_name", "a.sh", "TELEGRAM_BOT_TOKEN=" + digits(4) + ":" + random(r, alnum, 35), false},
		{"secret_of_a_webhook_of_telegram", "a.sh", "TELEGRAM_SECRET_TOKEN=" + random(r, alnum, 32) + "7", true},
		{"certificate_in_a_secret_of_kubernetes", "a.yml", "kind: Secret\ndata:\n  ca.crt: " + base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----\n"+random(r, alnum, 64))) + "\n", false},
		{"first_line_of_a_key", "a.rb", "# -----BEGIN RSA PRIVATE KEY-----\n# MIIEpQIBAAKCAQEA" + random(r, alnum, 47) + ".\n# -----END RSA PRIVATE KEY-----\n", false},
		{"digest_of_an_image", "a.yml", "token: sha256:" + hex(64), false},
		{"time_of_a_change", "a.json", `{"passwordLastModified":"2024-06-11T08:22:01.000Z"}`, false},
		{"version_of_a_package", "composer.json", `{"require": {"acme/password-hasher": "^5.4|^6.0"}}`, false},
		{"type_of_media", "a.php", "'pkpass' => ['application/vnd.apple.pkpass'],", false},
		{"flag_of_a_program", "a.py", `password="--full-refresh"`, false},
		{"import_with_a_name", "a.go", "\tqauth \"github.com/acme/registry/src/pkg/reg/adapter/quay/auth\"\n", false},
		{"pattern_of_tokens", "a.yml", "tokens:\n  - '^[ #\\.-]*(yml|rb|text|md|bash|sh$|js$)[^\\n]'\n", false},
		{"command_of_powershell", "a.ps1", "$update_password = Get-AnsibleParam -obj $params", false},
		{"user_without_a_password", "a.py", `url = "blob://ManagedIdentityCredential@account"`, false},
		{"notation_of_an_address", "a.md", "redis://[username:password@]address:port/0", false},
		{"key_of_an_emulator", "a.yml", "conn: DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=" + random(r, alnum, 86) + "==;", false},
		{"key_of_a_host", "a.yml", "deploy__authorized_keys:\n  - key: 'ssh-rsa AAAAB3NzaC1yc2E" + random(r, alnum, 40) + "'\n", false},
		{"route", "routes.rb", `get "admin/passwords" => "accounts#passwords"`, false},
		{"password_that_ansible_makes", "a.yml", `x: '{{ lookup("password", "/dev/null length=32") }}'`, false},
		{"number_of_a_right", "a.ps1", "POLICY_CREATE_SECRET = 0x00000020,", false},
		{"characters_of_a_generator", "a.js", `const keyStr = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"`, false},
		{"name_that_denies_it", "a.go", `nonMatchingToken := "` + random(r, alnum, 16) + `"`, false},
		{"name_that_does_not", ".env", "NO_REPLY_PASSWORD=" + random(r, alnum, 16) + "7", true},
		{"id_of_a_client", "a.yml", "oauth_client_id: " + random(r, alnum, 32), false},
		{"key_of_a_cache", "a.go", `cacheKey: "` + hex(64) + `",`, false},
		{"checksum_of_a_secret", "a.yml", "checksum/secrets: " + hex(64), false},
		{"signature_of_a_text", "a.json", `{"signature": "` + random(r, alnum, 64) + `"}`, false},
		{"name_of_an_entry", "a.ts", "key: 'cn-zhangjiakou-vpc',", false},
		{"name_of_a_secret", "a.py", `SecretKeySelector(secret="deploy-auth-string", version="latest")`, false},
		{"names_in_a_list", "deploy.yml", "secret:\n  - RAILS_MASTER_KEY\n", false},
		{"type_of_a_field", "a.md", "`bin/rails generate model user password:digest`", false},
		{"key_of_packages", "a.yml", "acme__apt_key: '" + strings.ToUpper(hex(40)) + "'", false},
		{"typeof", "a.js", "if (typeof this.password === 'function') {", false},
		{"challenge", "ChallengesTest.kt", `.add("WWW-Authenticate", "Basic realm = \"myrealm\"")`, false},
		{"working_directory", "a.sh", "if [[ $(pwd) == */sources7/* ]]; then", false},
		{"string_that_ends", "a.go", `env := append(os.Environ(), "PWD="+cmd.Dir, "GOROOT7="+root)`, false},
		{"quoted_in_a_text", "a.rb", "# Disconnect all the connections identified by `identifiers7` here", false},
		{"texts_in_a_language", "login_pt_BR.properties", "Password=Senha", false},
		{"encrypted_by_ejson", "secrets.ejson", `"github_secret": "EJ[1:` + random(r, alnum, 43) + `=:` + random(r, alnum, 32) + `:` + random(r, alnum, 40) + `]"`, false},
		{"bearer_with_a_stand_in", "a.md", "Authorization: Bearer sk-proj-YOUR_API_KEY_HERE", false},
		{"call_in_place_of_a_password", "a.py", "x(database=name,\n  password=credentials.get(\"password\"))", false},
		{"name_in_a_directory", "values.yaml", "authLdapBaseDn: o=ACME,l=Europe\n", false},
		{"path_of_a_page", "mkdocs.yml", "- Authorization: 'architecture/api/authorization.md'", false},
		{"address_before_a_value", "a.js", `authenticationUrl = 'auth.html?redirect=' + encodeURIComponent(href);`, false},
		{"variable_before_a_command", "a.yaml", "PGPASSWORD=$POSTGRES_PASSWORD psql -h $POSTGRES_HOST -U x7", false},
		{"rest_of_a_template", "a.yaml", `      {{- if .Values.auth.sentinel }}REDISCLI_AUTH="$X" {{- end }} redis-cli -h 7"`, false},
		{"element_of_a_page", "a.js", "var password = $('#password').val().trim();", false},
		{"name_of_a_setting", "A.java", `public static final String LDAP_BIND_PASSWORD = "acme.ldap.bind-password";`, false},
		{"names_of_groups", "role.yaml", "apiGroups:\n  - networking.k8s.io\n", false},
		{"id_of_a_store", "a.yml", "defaultKeyValueStoreId: eJNzqsbPiopwJcgGQ", false},
		{"number_of_an_advisory", "ATest.java", `new VulnerabilityKey("GHSA-jfh8-c2jp-5v3q", Source.GITHUB)`, false},
		{"argument_in_a_template", "a.yaml", `annotations: {{- include "x" (dict "value" .Values.passwordUpdateJob.podAnnotations "context" $) | nindent 4 }}`, false},
		{"field_that_matches", "a.dart", "validators: [Validators.mustMatch('password', 'passwordConfirmation')],", false},
		{"column_of_a_row", "a.sql", "encrypted_password = EXCLUDED.encrypted_password,", false},
		{"key_that_is_public", ".env", "SUPABASE_KEY=sb_publishable_" + random(r, alnum, 22) + "_" + random(r, alnum, 8), false},
		{"resource_of_aws", "a.json", `{"authorizerCredentials": "arn:aws:iam::123456789012:role/invoke"}`, false},
		{"version_of_an_interface", "a.yml", "apiVersion: \"k8s.cni.cncf.io/v1\"", false},
		{"type_of_a_property", "a.js", "if (typeof this.password === 'function') {", false},
		{"stand_in_of_a_name", "a.yml", "url: nats://myname:password@db.acme.example:4222", false},
		{"signing_key_of_git", ".gitconfig", "[user]\n\tsigningkey = 0x" + strings.ToUpper(hex(16)) + "\n", false},
		{"address_without_a_host", "urls.json", `{"auth": "passport/web/auth/uamtk"}`, false},
		{"argument_of_the_object", "a.py", "connect(host=self.host, user=self.user, password=self.pwd, database=self.db)", false},
		{"expression_of_powershell", "a.ps1", "New-ADUser -Name $n -AccountPassword (ConvertTo-SecureString -AsPlainText $p -Force) -Enabled $true", false},
		{"sentence_of_a_page", "a.js", "     > Parameters\n     - repeat: for an endless one pass `Infinity7`\n", false},
		{"identified_in_a_comment", "a.go", "\t// Here the function identified by \"repeat7\" is overwritten.", false},
		{"identified_in_sql", "a.py", "cursor.execute(\"create user x identified by 'mR7" + random(r, alnum, 8) + "'\")", true},
		{"passed_to_a_program", "doc.go", "\tAlternatively, you can pass \"gobuildid\" in order to derive the", false},
		{"key_of_a_registry", "a_windows_test.go", "\tconst onedrivekey = `SOFTWARE\\Microsoft\\OneDrive`", false},
		{"name_in_place_of_an_id", "a.js", "linkedin = 'johnatansmithe'", false},
		{"name_of_the_provider", "a.js", "linkedin_icon = 'icons8linkedin'", false},
		{"id_of_linkedin", "a.js", "linkedin_client_id = '77" + random(r, "0123456789abcdefghijklmnopqrstuvwxyz", 10) + "8x'", true},
		{"runner_in_kubernetes", "values.yaml", "runners:\n  secret: deploy-runner1\n", false},
		{"secret_of_a_client", "values.yaml", "clientSecret: abc7-" + random(r, alnum, 14) + "\n", true},
		{"cookie_in_a_document", "docs/api.md", "auth=abc123def456; Path=/", false},
		{"site_key_of_a_captcha", ".env", "RECAPTCHA_SITE_KEY=6L" + random(r, alnum, 38), false},
		{"secret_key_of_a_captcha", ".env", "RECAPTCHA_SECRET_KEY=6L" + random(r, alnum, 38), true},
		{"site_key_of_a_program", ".env", "CIVICRM_SITE_KEY=" + random(r, alnum, 32), true},
		{"file_of_accounts", "a.ts", `{ path: '/etc/passwd', content: 'malicious7' }`, false},
		{"folder_of_make", "Makefile", "\t-v $(shell pwd):/go/src/acme.example/x7 \\\n", false},
		{"variable_in_a_command", "a.yml", "script:\n  - run -user=x -password=$DB_PASSWORD -database=x -level=standard7 ./files\n", false},
		{"module_with_a_version", "build.gradle", "runtimeOnly 'io.jsonwebtoken:jjwt-jackson:0.11.5'", false},
		{"table_of_passwords", "config/auth.php", "'passwords' => 'users',", false},
		{"project_of_sonar", "sonar-project.properties", "sonar.projectKey=Acme_ShopAPI7\n", false},
		{"token_of_sonar", "sonar-project.properties", "sonar.token=" + random(r, alnum, 40) + "\n", true},
		{"characters_of_tokens", "a.go", `const validTokenChars = "0123456789abcdefghijklmnopqrstuvwxyz"`, false},
		{"flag_for_more_passes", "a.md", "npx svgo --precision=1 --multipass icon7.svg", false},
		{"cut_short", "a.md", "export DEPLOY_TOKEN=ops_" + random(r, alnum, 24) + "... and so on", false},
	} {
		shown := false
		for _, f := range engine(t).Scan(c.path, []byte(c.text)) {
			shown = shown || f.Confidence >= DefaultConfidence
		}
		if shown != c.shown {
			t.Errorf("%s: Scan(%q, %q) shows a secret: %v, want %v", c.name, c.path, c.text, shown, c.shown)
		}
	}
}

// A token and a key say when they end.
func TestScan_validity(t *testing.T) {
	r := rand.New(rand.NewPCG(93, 94))
	token := func(claims string) string {
		return "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "." + random(r, alnum, 43)
	}
	for _, c := range []struct{ text, reason string }{
		{token(`{"sub":"EXAMPLE-7","iat":1500000000,"exp":1500086400}`), "expired on 2017-07-15"},
		{token(`{"sub":"EXAMPLE-7","exp":4102444800}`), "expires on 2100-01-01"},
		{token(`{"sub":"EXAMPLE-7","name":"deploy"}`), "never expires"},
		{token(`{"sub":"EXAMPLE-7","exp":15000864000000}`), ""},
	} {
		var got []string
		for _, f := range engine(t).Scan("a.txt", []byte("see "+c.text+" there")) {
			for _, reason := range f.Reasons {
				if strings.HasPrefix(reason, "expire") || strings.HasPrefix(reason, "never") {
					got = append(got, reason)
				}
			}
		}
		if strings.Join(got, ", ") != c.reason {
			t.Errorf("Scan(%q) gives the reasons %q, want %q", c.text, got, c.reason)
		}
	}
}
