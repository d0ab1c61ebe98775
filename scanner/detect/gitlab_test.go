package detect

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"nhiscan/inventory/secret"
	"pgregory.net/rapid"
)

// routable makes a token in one of GitLab's routable forms.
func routable(r *rand.Rand, prefix, payload string, versioned bool) string {
	noise := make([]byte, randomBytes)
	for i := range noise {
		noise[i] = byte(r.IntN(256))
	}
	raw, mark := append([]byte(payload), noise...), "."
	if versioned {
		raw, mark = append(noise, payload...), ".01."
		raw = append(raw, byte(len(payload)))
	} else {
		raw = append(raw, randomBytes)
	}
	body := base64.RawURLEncoding.EncodeToString(raw)
	head := prefix + body + mark + base36(uint64(len(body)), 2)
	return head + base36(uint64(crc32.ChecksumIEEE([]byte(head))), 7)
}

func base36(n uint64, width int) string {
	return fmt.Sprintf("%0*s", width, strconv.FormatUint(n, 36))
}

func TestScan_gitlab_tokens(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	e, err := New(Options{TokenPrefixes: []string{"acme", "corp_pat-"}})
	if err != nil {
		t.Fatal(err)
	}
	hex := "0123456789abcdef"
	for _, c := range []struct {
		name, text, detector string
		least, most          float64
	}{
		{"plain", "glpat-" + random(r, alnum, 20), "gitlab-access-token", 0.9, 0.9},
		{"oauth", "gloas-" + random(r, hex, 64), "gitlab-oauth-application-secret", 0.9, 0.9},
		{"deploy", "gldt-" + random(r, alnum, 20), "gitlab-deploy-token", 0.9, 0.9},
		{"runner", "glrt-" + random(r, alnum, 20), "gitlab-runner-token", 0.9, 0.9},
		{"runner_typed", "glrt-t3_" + random(r, alnum, 20), "gitlab-runner-token", 0.9, 0.9},
		{"runner_registered", "glrtr-" + random(r, alnum, 20), "gitlab-runner-token", 0.9, 0.9},
		{"registration", "GR1348941" + random(r, alnum, 20), "gitlab-runner-registration-token", 0.9, 0.9},
		{"job", "glcbt-64_" + random(r, alnum, 20), "gitlab-job-token", 0.9, 0.9},
		{"job_jwt", "glcbt-eyJ" + random(r, alnum, 40) + ".eyJ" + random(r, alnum, 200) + "." + random(r, urlSafe, 300) + "A", "gitlab-job-token", 0.9, 0.9},
		{"trigger", "glptt-" + random(r, hex, 40), "gitlab-trigger-token", 0.9, 0.9},
		{"feed", "glft-" + random(r, alnum, 20), "gitlab-feed-token", 0.9, 0.9},
		{"mail", "glimt-" + random(r, alnum, 25), "gitlab-incoming-mail-token", 0.9, 0.9},
		{"agent", "glagent-" + random(r, alnum, 50), "gitlab-agent-token", 0.9, 0.9},
		{"workspace", "glwt-" + random(r, alnum, 20), "gitlab-workspace-token", 0.9, 0.9},
		{"scim", "glsoat-" + random(r, alnum, 20), "gitlab-scim-token", 0.9, 0.9},
		{"feature_flags", "glffct-" + random(r, alnum, 20), "gitlab-feature-flag-token", 0.9, 0.9},
		{"routable", routable(r, "glpat-", "o:1\nu:2s", true), "gitlab-access-token", 0.99, 1},
		{"routable_first_form", routable(r, "glpat-", "o:1\nu:2s", false), "gitlab-access-token", 0.99, 1},
		{"routable_runner", routable(r, "glrt-t3_", "o:1\np:5\nt:3", true), "gitlab-runner-token", 0.99, 1},
		{"routable_instance_prefix", routable(r, "corp-gldt-", "o:1\np:5", true), "gitlab-deploy-token", 0.99, 1},
		{"plain_instance_prefix", "acme-gldt-" + random(r, alnum, 20), "gitlab-deploy-token", 0.9, 0.9},
		{"custom_prefix", "corp_pat-" + random(r, alnum, 19) + "7", "gitlab-access-token", 0.9, 0.9},
		{"custom_prefix_routable", routable(r, "corp_pat-", "o:1\nu:2s", true), "gitlab-access-token", 0.99, 1},
		{"canary", "glpat-CANARY" + random(r, alnum, 14), "gitlab-access-token", 0.9, 0.9},
	} {
		for _, around := range []string{"%s", "x = '%s'\n", "https://h.example/?private_token=%s&x=1", "- %s # why"} {
			text := fmt.Sprintf(around, c.text)
			got := e.Scan("a.txt", []byte(text))
			if len(got) != 1 || got[0].Detector != c.detector || got[0].Secret.Reveal() != c.text || got[0].Confidence < c.least || got[0].Confidence > c.most {
				t.Errorf("%s: Scan(%q) = %+v (%q), want the token as %s", c.name, text, got, revealed(got), c.detector)
			}
		}
	}
}

func TestScan_gitlab_near_misses(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	e, err := New(Options{TokenPrefixes: []string{"acme-"}})
	if err != nil {
		t.Fatal(err)
	}
	broken := routable(r, "glpat-", "o:1\nu:2s", true)
	broken = broken[:10] + "AAAA" + broken[14:]
	for _, c := range []struct {
		name, text string
		most       float64 // confidence; 0 is no finding at all
	}{
		{"placeholder", "glpat-xxxxxxxxxxxxxxxxxxxx", 0},
		{"too_short", "glpat-" + random(r, alnum, 19), 0},
		{"upper_case", "GLPAT-" + random(r, alnum, 20), 0},
		{"only_prefix", "glpat-", 0},
		{"words_after_custom_prefix", "acme-production-deployment", 0},
		{"longer_run", "glpat-" + random(r, alnum, 26), 0.6},
		{"checksum_broken", broken, unproven},
		{"checksum_broken_placeholder", "glpat-" + strings.Repeat("EXAMPLE", 5) + ".01.0y1cyto9l", doubted},
	} {
		got := e.Scan("", []byte("see "+c.text+" there"))
		if c.most == 0 && len(got) > 0 || c.most > 0 && (len(got) != 1 || got[0].Confidence > c.most) {
			t.Errorf("%s: Scan(%q) = %+v, want confidence of at most %v", c.name, c.text, got, c.most)
		}
	}
}

func TestScan_session_cookie(t *testing.T) {
	value := random(rand.New(rand.NewPCG(15, 16)), "0123456789abcdef", 32)
	got := engine(t).Scan("", []byte("Cookie: _gitlab_session="+value+"; x"))
	if len(got) != 1 || got[0].Detector != "gitlab-session-cookie" || got[0].Secret.Reveal() != value {
		t.Errorf("Scan = %+v (%q), want the cookie's value alone", got, revealed(got))
	}
}

func TestRoutable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Route{
			Organization: rapid.Int64Range(1, 1<<40).Draw(t, "o"), Cell: rapid.Int64Range(0, 9).Draw(t, "c"), User: rapid.Int64Range(0, 1<<40).Draw(t, "u"),
			Project: rapid.Int64Range(0, 1<<40).Draw(t, "p"), Group: rapid.Int64Range(0, 99).Draw(t, "g"), RunnerType: rapid.Int64Range(0, 3).Draw(t, "t"),
		}
		var payload []string
		for _, p := range []struct {
			key string
			id  int64
		}{{"c", want.Cell}, {"g", want.Group}, {"o", want.Organization}, {"p", want.Project}, {"t", want.RunnerType}, {"u", want.User}} {
			if p.id != 0 {
				payload = append(payload, p.key+":"+strconv.FormatInt(p.id, 36))
			}
		}
		prefix := rapid.SampledFrom([]string{"glpat-", "glrt-t2_", "acme-gldt-", "own_"}).Draw(t, "prefix")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		token := routable(r, prefix, strings.Join(payload, "\n"), rapid.Bool().Draw(t, "versioned"))
		got, ok := Routable(secret.New(token))
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Fatalf("Routable(%q) = %v (-want +got):\n%s", token, ok, diff)
		}
		at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		changed := []byte(token)
		changed[at] ^= 1
		if got, ok := Routable(secret.New(string(changed))); ok {
			t.Fatalf("Routable(%q) = %+v with byte %d changed, want none", changed, got, at)
		}
	})
}

func TestRoutable_others(t *testing.T) {
	for _, v := range []string{"", ".", ".000000000", "a.00", "glpat-" + "abcdefghijklmnopqrst", strings.Repeat("z", 40), ".01.000000000"} {
		if r, ok := Routable(secret.New(v)); ok {
			t.Errorf("Routable(%q) = %+v, want none", v, r)
		}
	}
	if got := (Route{Organization: 1, User: 12, Project: 5, RunnerType: 3}).String(); got != "u=12 p=5 t=3" {
		t.Errorf("Route.String() = %q", got)
	}
}

func revealed(found []Finding) []string {
	var out []string
	for _, f := range found {
		out = append(out, f.Secret.Reveal())
	}
	return out
}

// The bodies of tokens are what these expressions match, the longest form first.
func TestBodies(t *testing.T) {
	expressions := map[string]string{
		"glpat-": `[0-9A-Za-z_-]{20}`, "gloas-": `[0-9A-Za-z_-]{64}`, "glrt-": `(?:t\d_)?[0-9A-Za-z_-]{20}`,
		"glcbt-":           `(?:eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}|[0-9A-Za-z]{1,5}_[0-9A-Za-z_-]{20})`,
		"_gitlab_session=": `[0-9a-z]{32}`, "glptt-": `[0-9a-f]{40}`,
	}
	routable := regexp.MustCompile(`^[0-9A-Za-z_-]{27,300}\.(?:01\.)?[0-9a-z]{9}`)
	parts := []string{"eyJ", "t1_", "t_", ".", "01.", "_", "-", "a", "Z", "9", "zzzzzzzzz", "abcdef0123456789", "ABCDEFGHIJKLMNOPQRST", strings.Repeat("x", 290), " ", "ä", "="}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 14).Draw(t, "parts"), "")
		for _, token := range gitlabTypes() {
			if expression, known := expressions[token.prefix]; known {
				want := len(regexp.MustCompile("^" + expression).FindString(text))
				if got := token.body([]byte(text)); got != want {
					t.Errorf("%s: body of %q has %d bytes, want %d", token.prefix, text, got, want)
				}
			}
		}
		if got, _ := routableTail([]byte(text)); got != len(routable.FindString(text)) {
			t.Errorf("tail of %q has %d bytes, want %d", text, got, len(routable.FindString(text)))
		}
	})
}
