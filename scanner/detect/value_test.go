package detect

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSecretKey(t *testing.T) {
	for _, name := range []string{
		"TOKEN", "DEPLOY_TOKEN", "GITLAB_PAT", "db.password", "DB_PASS", "PGPASSWORD", "MYSQL_PWD", "SSHPASS", "apiKey", "API_KEY", "APIKEY", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY", "SSH_PRIVATE_KEY", "privateKey",
		"clientSecret", "client-secret", "GPG_PASSPHRASE", "GOOGLE_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS", "DOCKER_AUTH_CONFIG", "KUBECONFIG", "X-Api-Key", "PRIVATE-TOKEN", "SIGNING_KEY_PASSWORD", "DB_PASSWORD_PROD", "TOKEN_2", "password1",
		"secrets", "NPM_AUTH_TOKEN", "SONAR_TOKEN", "KEY_FILE_PASSWORD", "GCP_KEY_FILE", "STRIPE_SECRET_KEY", "vaultToken", "MASTER_KEY",
	} {
		if !SecretKey(name) {
			t.Errorf("SecretKey(%q) = false, want true", name)
		}
	}
	for _, name := range []string{
		"", "KEY", "key", "PUBLIC_KEY", "SSH_PUBLIC_KEY", "KEY_ID", "AWS_ACCESS_KEY_ID", "KEYWORD", "MONKEY", "KEYBOARD_LAYOUT", "TOKEN_URL", "TOKEN_TYPE", "TOKEN_EXPIRY", "PASSWORD_LENGTH", "CACHE_KEY", "SONAR_PROJECT_KEY", "PWD", "AUTHOR", "AUTH_MODE",
		"USE_TOKEN", "ENABLE_SECRET_DETECTION", "SECRET_DETECTION_DISABLED", "MAX_TOKENS", "PASS_RATE", "BYPASS", "COMPASS", "SECRET_NAME", "VAULT_SECRET_PATH", "CI_COMMIT_SHA", "PATH", "PATTERN", "primary-key", "USERNAME", "TOKENIZER", "___", "42",
	} {
		if SecretKey(name) {
			t.Errorf("SecretKey(%q) = true, want false", name)
		}
	}
}

func TestValue(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	password := random(r, alnum, 12) + "7q"
	aws := random(r, alnum+"/+", 38) + "/a"
	jwt := "eyJhbGciOiJIUzI1NiJ9" + "." + "eyJzdWIiOiJDQU5BUlktQ0FOQVJZIn0" + "." + random(r, alnum, 43)
	pem := "-----BEGIN RSA" + " PRIVATE KEY-----\n" + random(r, alnum, 64) + "\n" + random(r, alnum, 64) + "\n-----END RSA PRIVATE KEY-----"
	key := "AKIA" + "QWERTYUIOPASDFGH"
	routed := routable(r, "glpat-", "o:1\nu:2s", true)
	for _, c := range []struct{ name, key, value, detector, secret string }{
		{"gitlab_token", "ANY", routed, "gitlab-access-token", routed},
		{"gitlab_token_in_header", "Authorization", "Bearer " + routed, "gitlab-access-token", routed},
		{"pem", "DEPLOY", pem + "\n", "private-key", pem},
		{"url", "DATABASE_URL", "postgres://app:" + password + "@db.acme.example/app", "url-credentials", password},
		{"url_under_secret_key", "DB_SECRET", "postgres://app:" + password + "@db.acme.example/app", "url-credentials", password},
		{"jwt", "SESSION", jwt, "jwt", jwt},
		{"aws_id", "AWS_ACCESS_KEY_ID", key, "aws-access-token", key},
		{"aws_secret", "AWS_SECRET_ACCESS_KEY", aws, "aws-secret-access-key", aws},
		{"password", "DB_PASSWORD", "tr0ub4dor&3", "generic-secret-value", "tr0ub4dor&3"},
		{"password_with_spaces", "DB_PASSWORD", "\"correct horse battery\"\n", "generic-secret-value", "correct horse battery"},
		{"json", "SERVICE_CREDENTIALS", `{"user":"a","auth":"b"}`, "generic-secret-value", `{"user":"a","auth":"b"}`},
		{"key_with_slash", "SIGNING_KEY", "/" + random(r, alnum, 43), "generic-secret-value", ""},
	} {
		got := engine(t).Value(c.key, c.value)
		if len(got) != 1 || got[0].Detector != c.detector || c.secret != "" && got[0].Secret.Reveal() != c.secret {
			t.Errorf("%s: Value(%q, %q) = %v %q, want %s %q", c.name, c.key, c.value, detectors(got), revealed(got), c.detector, c.secret)
			continue
		}
		checkFindings(t, c.value, got)
	}
}

func TestValue_nothing(t *testing.T) {
	for _, c := range []struct{ key, value string }{
		{"DB_PASSWORD", ""}, {"DB_PASSWORD", "short"}, {"DB_PASSWORD", "changeme"}, {"DB_PASSWORD", "$OTHER_PASSWORD"}, {"DB_PASSWORD", "${OTHER}"}, {"DB_PASSWORD", "{{ vault.password }}"},
		{"DB_PASSWORD", "<your-password>"}, {"DB_PASSWORD", "********"}, {"DB_PASSWORD", "[secret]"}, {"DB_PASSWORD", "your_password_here"}, {"DB_PASSWORD", "%DB_PASSWORD%"}, {"DB_PASSWORD", "undefined"},
		{"API_TOKEN", "false"}, {"API_TOKEN", "1234567890"}, {"API_TOKEN", "2026-11-05"}, {"TOKEN_FILE", "/run/secrets/token"}, {"SSH_KEY", "~/.ssh/id_ed25519"}, {"SSH_KEY", "./keys/deploy.pem"}, {"API_SECRET", "https://vault.acme.example/v1/app"},
		{"REGION", "eu-central-1"}, {"DESCRIPTION", "a longer text that says nothing"}, {"URL", "https://$USER:$PASSWORD@db.acme.example"}, {"URL", "ssh://git@gitlab.example:22/a/b.git"}, {"URL", "https://user:{{ pw }}@h.example"},
	} {
		if got := engine(t).Value(c.key, c.value); len(got) > 0 {
			t.Errorf("Value(%q, %q) = %v %q, want nothing", c.key, c.value, detectors(got), revealed(got))
		}
	}
}

func TestScan_url_credentials(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	password, dsn := random(r, alnum, 16), random(r, "0123456789abcdef", 32)
	for _, c := range []struct{ text, secret string }{
		{"git clone https://bot:" + password + "@git.acme.example/a.git", password},
		{"amqp://u:p%40" + password + "@mq.acme.example:5672/%2f", "p%40" + password},
		{"dsn: \"https://" + dsn + "@errors.acme.example/42\"", dsn},
		{"redis://:" + password + "@cache.acme.example", password},
		{"https://a.example/@scope/pkg", ""}, {"://u:p@h", ""}, {"https://git@h.example/x", ""}, {"https://u:${P}@h.example", ""}, {"https://gitlab-ci-token:$CI_JOB_TOKEN@h.example", ""}, {"https://", ""}, {"https://u:@h", ""},
	} {
		var got string
		for _, f := range engine(t).Scan("", []byte(c.text)) {
			if f.Detector == "url-credentials" {
				got = f.Secret.Reveal()
			}
		}
		if got != c.secret {
			t.Errorf("Scan(%q) found %q, want %q", c.text, got, c.secret)
		}
	}
}

func TestClean(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	token := "glpat-" + random(r, alnum, 20)
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"nothing to see: deploys the shop", "nothing to see: deploys the shop"},
		{"use " + token + " here", "use [secret] here"},
		{"https://user:" + "hunter2@h.example:8443/p?x=1&private_token=abc#L5", "https://h.example:8443/p?x=&private_token=#L5"},
		{"https://user:hun/ter2@h.example/p", "https://h.example/p"},
		{"https://h.example:8443/@scope/p", "https://h.example:8443/@scope/p"},
		{"https://h.example/cb#access_token=abcdef&x=1", "https://h.example/cb#access_token=&x="},
		{"https://h.example/p?bareVALUE", "https://h.example/p?"},
		{"<a href=\"https://h.example/?q=v\">x</a>", "<a href=\"https://h.example/?q=\">x</a>"},
		{"see https://a.example/x, and \"b@c\"", "see https://a.example/x, and \"b@c\""},
		{"mysql -u root --password hunter2", "mysql -u root --password [secret]"},
		{"mysql --password=hunter2 x", "mysql --password=[secret] x"},
		{"curl -u bot:" + "hunter22 https://h.example", "curl -u bot:[secret] https://h.example"},
		{"curl -H 'Authorization: Bearer " + "abc123def456ghi'", "curl -H 'Authorization: Bearer [secret]'"},
		{"curl -H \"PRIVATE-TOKEN: $TOKEN\"", "curl -H \"PRIVATE-TOKEN: $TOKEN\""},
		{"DB_PASSWORD=hunter2 make", "DB_PASSWORD=[secret] make"},
		{"password: $DB_PASSWORD", "password: $DB_PASSWORD"},
		{"token: used for deploys", "token: used for deploys"},
	} {
		got, found := engine(t).Clean(c.text)
		if got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.text, got, c.want)
		}
		checkFindings(t, c.text, found)
	}
}

// No part of a planted value survives cleaning.
func TestClean_leaves_no_value(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for _, rule := range engine(t).catalogue.rules {
		if rule.Regex == nil || rule.Path != nil {
			continue
		}
		text := "a " + strings.Join(rule.Keywords[:1], "") + "\n" + sample(r, rule.Regex.String()) + "\n"
		got, found := engine(t).Clean(text)
		for _, f := range found {
			if v := f.Secret.Reveal(); len(v) > 8 && strings.Contains(got, v) {
				t.Errorf("Clean(%q) = %q, which holds the value of %s", text, got, f.Detector)
			}
		}
	}
}
