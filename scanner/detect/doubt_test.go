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
		{"resource_of_aws", "a.json", `{"authorizerCredentials": "arn:aws:iam::123456789012:role/invoke"}`, false},
		{"version_of_an_interface", "a.yml", "apiVersion: \"k8s.cni.cncf.io/v1\"", false},
		{"type_of_a_field", "a.js", "if (typeof this.password === 'function') {", false},
		{"stand_in_of_a_name", "a.yml", "url: nats://myname:password@db.acme.example:4222", false},
		{"signing_key_of_git", ".gitconfig", "[user]\n\tsigningkey = 0x" + strings.ToUpper(hex(16)) + "\n", false},
		{"address_without_a_host", "urls.json", `{"auth": "passport/web/auth/uamtk"}`, false},
		{"argument_of_the_object", "a.py", "connect(host=self.host, user=self.user, password=self.pwd, database=self.db)", false},
		{"expression_of_powershell", "a.ps1", "New-ADUser -Name $n -AccountPassword (ConvertTo-SecureString -AsPlainText $p -Force) -Enabled $true", false},
		{"sentence_of_a_page", "a.js", "     > Parameters\n     - repeat: for an endless one pass `Infinity7`\n", false},
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
