package detect

import (
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestScan_credential_files gives each form once; V stands for a value, made at run time, W for its base64.
func TestScan_credential_files(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	value := random(r, alnum, 14) + "7q"
	coded := base64.StdEncoding.EncodeToString([]byte("user:" + value))
	for _, c := range []struct{ path, text, want string }{
		{"home/.netrc", "machine h.example\n  login u\n  password V\n", "V"},
		{"_netrc", "machine h.example login u password \"V\"", "V"},
		{".msmtprc", "account work\nhost h.example\nuser u\npassword V\naccount default : work\n", "V"},
		{".pgpass", "# why\ndb.example:5432:*:app:V\n", "V"},
		{"etc/shadow", "root:$6$saltCANARY$V:19000:0:99999:7:::\nbin:*:19000::::::\nx:!:1::::::", "$6$saltCANARY$V"},
		{"www/.htpasswd", "u:$apr1$V\n", "$apr1$V"},
		{".docker/config.json", `{"auths": {"r.example": {"auth": "W"}}}`, "W"},
		{"config/master.key", "V\n", "V"},
		{".vault_pass", "V\n", "V"},
		{"sitemanager.xml", `<Server><Pass encoding="base64">W</Pass></Server>`, "W"},
		{"keys.json", `{"keys": [{"kty": "EC", "crv": "P-256", "x": "CANARY", "d": "V"}]}`, "V"},
		{"secret.yaml", "apiVersion: v1\nkind: Secret\ndata:\n  anything: W\ntype: Opaque\n", "W"},
		{"secret.yml", "kind: ConfigMap\ndata:\n  a: b\n---\nstringData:\n  anything: V\nkind: Secret\n", "V"},
		{"secret.yaml", "kind: Secret\ndata:\n{{- if .Values.on }}\n  anything: W # as it was\n{{- end }}\n", "W"},
		{".npmrc", "//r.example/:_authToken=V\n", "V"},
		{".git-credentials", "https://u:V@h.example\n", "V"},
		{"wp-config.php", "define( 'DB_PASS', 'V' );", "V"},
		{".my.cnf", "[client]\npassword=V\n", "V"},
		{"settings.xml", "<server><id>a</id><username>u</username><password>V</password></server>", "V"},
	} {
		fill := strings.NewReplacer("V", value, "W", coded)
		text := fill.Replace(c.text)
		found := engine(t).Scan(c.path, []byte(text))
		checkFindings(t, text, found)
		if !slices.ContainsFunc(found, func(f Finding) bool {
			return f.Secret.Reveal() == fill.Replace(c.want) && f.Confidence >= DefaultConfidence
		}) {
			t.Errorf("%s: Scan(%q) = %v, want %s with confidence", c.path, c.text, detectors(found), c.want)
		}
	}
}

func TestScan_credential_files_nothing(t *testing.T) {
	for _, c := range []struct{ path, text string }{
		{"etc/shadow", "bin:*:19000:0:99999:7:::\nx:!!:19000::::::\n"},
		{".msmtprc", "account personal7\nuser u\npasswordeval pass show mail7\naccount default : personal7\n"},
		{"config.yaml", "kind: ConfigMap\ndata:\n  mode: fast-and-loose\n"},
		{"secret.yaml", "kind: Secret\nstringData:\n  password: ${DB_PASSWORD}\n"},
		{"secret.yaml", "kind: Secret\nstringData:\n  {{- $word := .Values.word7 }}\n  username: deploy-user7\n  extra: YmFyCg==\n"},
		{"keys.json", `{"d": "a description of the thing, and long"}`},
	} {
		for _, f := range engine(t).Scan(c.path, []byte(c.text)) {
			if f.Confidence >= DefaultConfidence {
				t.Errorf("%s: Scan(%q) found %s, want nothing", c.path, c.text, f.Detector)
			}
		}
	}
}
