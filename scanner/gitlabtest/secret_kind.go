package gitlabtest

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
)

// secretKind is a format that a world can plant with {{secret "kind" "name"}}. Values have the form, length and
// checksum that scanners look for, and belong to nobody: they come from a hash.
type secretKind struct {
	name string
	make func(e *entropy) string
}

func secretKinds() []secretKind {
	prefixed := func(prefix, alphabet string, n int) func(*entropy) string {
		return func(e *entropy) string { return prefix + e.pick(alphabet, n) }
	}
	checked := func(prefix string) func(*entropy) string {
		return func(e *entropy) string { body := e.pick(base62, 30); return prefix + body + crc62(body) }
	}
	return []secretKind{
		{"aws-access-key-id", prefixed("AKIA", base32, 16)},
		{"aws-secret-access-key", prefixed("", base64ch, 40)},
		{"azure-client-secret", func(e *entropy) string {
			return e.pick(base62, 3) + "8Q~" + e.pick(base62+"_~.-", 34)
		}},
		{"basic-auth-url", func(e *entropy) string {
			return "https://deploy:" + e.pick(base62, 20) + "@artifacts.acme.example/repository"
		}},
		{"database-url", func(e *entropy) string {
			return "postgresql://app:" + e.pick(base62, 24) + "@db.acme.example:5432/app"
		}},
		{"datadog-api-key", prefixed("", lowerHex, 32)},
		{"digitalocean-token", prefixed("dop_v1_", lowerHex, 64)},
		{"docker-config", dockerConfig},
		{"dockerhub-pat", prefixed("dckr_pat_", urlSafe, 27)},
		{"gcp-service-account", serviceAccountKey},
		{"github-pat", checked("ghp_")},
		{"gitlab-pat", func(e *entropy) string { return e.routable("glpat-", map[string]string{"u": "2s"}) }},
		{"gitlab-pat-classic", prefixed("glpat-", urlSafe, 20)},
		{"google-api-key", prefixed("AIza", urlSafe, 35)},
		{"grafana-token", func(e *entropy) string { return "glsa_" + e.pick(base62, 32) + "_" + e.pick(lowerHex, 8) }},
		{"hex", prefixed("", lowerHex, 64)},
		{"huggingface-token", prefixed("hf_", upper+lower, 34)},
		{"jwt", signedJWT},
		{"npm-token", checked("npm_")},
		{"openai-key", func(e *entropy) string {
			return "sk-proj-" + e.pick(urlSafe, 74) + "T3BlbkFJ" + e.pick(urlSafe, 74)
		}},
		{"password", prefixed("", base62+"!#%+-_=", 24)},
		{"pypi-token", prefixed("pypi-AgEIcHlwaS5vcmc", urlSafe, 160)},
		{"private-key", func(e *entropy) string { return pkcs8PEM(e.signer()) }},
		{"sendgrid-key", func(e *entropy) string { return "SG." + e.pick(urlSafe, 22) + "." + e.pick(urlSafe, 43) }},
		{"sentry-dsn", func(e *entropy) string {
			return "https://" + e.pick(lowerHex, 32) + "@o" + e.pick("123456789", 6) + ".ingest.sentry.example/" + e.pick("123456789", 7)
		}},
		{"slack-bot-token", func(e *entropy) string {
			return "xoxb-" + e.pick("123456789", 12) + "-" + e.pick("123456789", 12) + "-" + e.pick(base62, 24)
		}},
		{"slack-webhook", func(e *entropy) string {
			return "https://hooks.slack.com/services/T" + e.pick(digits+upper, 8) + "/B" + e.pick(digits+upper, 8) + "/" + e.pick(base62, 24)
		}},
		{"ssh-private-key", func(e *entropy) string { return opensshPEM(e.signer()) }},
		{"ssh-public-key", func(e *entropy) string { return authorizedKey(e.signer().Public().(ed25519.PublicKey)) }},
		{"stripe-key", prefixed("sk_live_", base62, 24)},
		{"terraform-token", func(e *entropy) string { return e.pick(base62, 14) + ".atlasv1." + e.pick(urlSafe, 67) }},
		{"twilio-key", prefixed("SK", lowerHex, 32)},
		{"uuid", uuid},
		{"vault-token", prefixed("hvs.", urlSafe, 95)},
	}
}

// SecretKinds lists what a world may plant with {{secret "kind" "name"}}, sorted.
func SecretKinds() []string {
	var names []string
	for _, k := range secretKinds() {
		names = append(names, k.name)
	}
	return names
}

// makeSecret makes the value of a kind, or reports that there is no such kind. The two halves of an SSH key come from
// one name, so that a planted private key fits the deploy key of the same name.
func makeSecret(seed, kind, name string) (string, bool) {
	for _, k := range secretKinds() {
		if k.name != kind {
			continue
		}
		stream := kind
		if strings.HasPrefix(kind, "ssh-") {
			stream = "ssh"
		}
		return k.make(newEntropy(seed, "secret\x00"+stream+"\x00"+name)), true
	}
	return "", false
}

func (e *entropy) signer() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(e.bytes(ed25519.SeedSize))
}

func uuid(e *entropy) string {
	b := e.bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func signedJWT(e *entropy) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		enc([]byte(`{"sub":"svc-`+e.pick(lower, 8)+`","iat":1700000000}`)) + "." + enc(e.bytes(32))
}

func dockerConfig(e *entropy) string {
	auth := base64.StdEncoding.EncodeToString([]byte("robot:" + e.pick(base62, 24)))
	return `{"auths":{"registry.acme.example":{"auth":"` + auth + `"}}}`
}

func serviceAccountKey(e *entropy) string {
	text, err := json.Marshal(Object{
		"type": "service_account", "project_id": "acme-example", "private_key_id": e.pick(lowerHex, 40),
		"private_key": pkcs8PEM(e.signer()), "client_email": "deploy@acme-example.iam.gserviceaccount.com",
		"client_id": e.pick("123456789", 21), "token_uri": "https://oauth2.googleapis.com/token",
	})
	if err != nil {
		return ""
	}
	return string(text)
}

func pkcs8PEM(key ed25519.PrivateKey) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// authorizedKey writes a public key as a line of authorized_keys, without a comment.
func authorizedKey(pub ed25519.PublicKey) string {
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(sshPublic(pub))
}

func sshPublic(pub ed25519.PublicKey) []byte {
	return sshString(sshString(nil, []byte("ssh-ed25519")), pub)
}

func sshString(b, s []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// opensshPEM writes a private key without a passphrase. Source: OpenSSH's PROTOCOL.key.
func opensshPEM(key ed25519.PrivateKey) string {
	pub := key.Public().(ed25519.PublicKey)
	check := binary.BigEndian.Uint32(pub[:4])
	inner := binary.BigEndian.AppendUint32(nil, check)
	inner = binary.BigEndian.AppendUint32(inner, check)
	inner = sshString(inner, []byte("ssh-ed25519"))
	inner = sshString(inner, pub)
	inner = sshString(inner, key)
	inner = sshString(inner, []byte("deploy"))
	for i := byte(1); len(inner)%8 != 0; i++ {
		inner = append(inner, i)
	}
	out := []byte("openssh-key-v1\x00")
	for _, s := range []string{"none", "none", ""} {
		out = sshString(out, []byte(s))
	}
	out = binary.BigEndian.AppendUint32(out, 1)
	out = sshString(sshString(out, sshPublic(pub)), inner)
	return string(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: out}))
}

// Planted is a secret that a world holds somewhere: in a file, a variable, a log.
type Planted struct {
	Kind, Name, Value string
}

func (p Planted) String() string { return fmt.Sprintf("%s/%s", p.Kind, p.Name) }
