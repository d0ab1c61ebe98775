package rules

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nhiscan/inventory"
)

var compareWhen = cmp.Comparer(func(a, b inventory.When) bool { return a == b })

// company draws a small estate in which every rule finds something to say.
func company(t *rapid.T) *inventory.Snapshot {
	s := &inventory.Snapshot{Scan: inventory.Scan{Instance: "demo", Version: "18.2.0"}}
	tri := rapid.SampledFrom([]inventory.Tri{inventory.Unknown, inventory.No, inventory.Yes})
	when := rapid.SampledFrom([]inventory.When{{}, inventory.Never, inventory.At(testNow.AddDate(0, -8, 0)), inventory.At(testNow.AddDate(0, 0, -3)),
		inventory.At(testNow.AddDate(0, 0, 5)), inventory.At(testNow.AddDate(2, 0, 0))})
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	access := rapid.SampledFrom([][]inventory.Access{nil, {}, {{Level: 30}}, {{Level: 40}}, {{User: "u1"}}, {{Group: "g"}}})

	s.Homes = []inventory.Home{{ID: "i", Kind: inventory.InstanceHome, Path: "git.example"}, {ID: "g", Kind: inventory.GroupHome, Parent: "i", Path: "shop"}}
	for i := range rapid.IntRange(1, 4).Draw(t, "projects") {
		h := inventory.Home{ID: fmt.Sprint("p", i), Kind: inventory.ProjectHome, Parent: pick("parent", "g", "i"), Path: fmt.Sprint("shop/p", i),
			Visibility: pick("visibility", "", "private", "public"), Archived: tri.Draw(t, "archived"), DeletionAt: when.Draw(t, "deletion"), Default: "main"}
		if tri.Draw(t, "branches") == inventory.Yes {
			h.Branches = []inventory.ProtectedRef{{Pattern: pick("pattern", "*", "main", "r/*"), Push: access.Draw(t, "push"), Merge: access.Draw(t, "merge")}}
			h.Tags = []inventory.ProtectedRef{{Pattern: "*", Create: access.Draw(t, "create")}}
		}
		s.Homes = append(s.Homes, h)
	}
	home := func() string { return pick("home", "", "i", "g", "p0", "p1", "p2", "gone") }
	for i := range 3 {
		s.Users = append(s.Users, inventory.User{ID: fmt.Sprint("u", i), Username: fmt.Sprint("user", i), State: pick("state", "", "active", "blocked"), Bot: tri.Draw(t, "bot")})
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "grants") {
		s.Grants = append(s.Grants, inventory.Grant{ID: fmt.Sprint("gr", i), Kind: pick("grant", "membership", "deploy-key", "job-token", "oidc-trust"), Subject: pick("subject", "u0", "u1", "u2", "d0"),
			Home: home(), Level: rapid.SampledFrom([]int{0, 30, 40, 50}).Draw(t, "level"), Scope: pick("right", "", "read", "push")})
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "credentials") {
		s.Credentials = append(s.Credentials, inventory.Credential{ID: fmt.Sprint("c", i), Home: home(), Name: fmt.Sprint("name", i),
			Kind:     inventory.CredentialKind(pick("kind", "project-access-token", "personal-access-token", "deploy-token", "deploy-key", "trigger-token", "service-account-token")),
			Identity: pick("identity", "u0", "u1", "d0"), State: pick("alive", "", "active", "revoked"), Scope: pick("scope", "", "api", "read_registry", "api sudo"),
			ExpiresAt: when.Draw(t, "expires"), CreatedAt: when.Draw(t, "created"), Creator: pick("creator", "", "u0", "u2"), RotatedFrom: pick("from", "", "c0"),
			Volatile: inventory.Volatile{LastUsedAt: when.Draw(t, "used")}})
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "locations") {
		s.Locations = append(s.Locations, inventory.Location{ID: fmt.Sprint("l", i), Home: home(), Surface: pick("surface", "variable", "schedule", "file", "history", "ci"),
			Key: pick("key", "PROD_KEY", "TEST_KEY", "KEY"), Environment: pick("scope", "", "*", "production", "staging"), Masked: tri.Draw(t, "masked"), Hidden: tri.Draw(t, "hidden"),
			Protected: tri.Draw(t, "protected"), SecretLike: tri.Draw(t, "secret"), Fingerprint: pick("value", "", "f1", "f2"), Credential: pick("of", "", "c0", "c1")})
	}
	for i := range 2 {
		s.Identities = append(s.Identities, inventory.Identity{ID: fmt.Sprint("r", i), Kind: pick("sort", "runner", "schedule", "trigger"), Home: home(), ActsAs: pick("as", "", "u0", "u1"),
			Volatile: inventory.Volatile{ContactedAt: when.Draw(t, "contact")}})
	}
	for i := range 3 {
		s.Identities = append(s.Identities, inventory.Identity{ID: fmt.Sprint("w", i), Kind: "workload", Home: home(), Name: fmt.Sprint("job", i),
			Environment: pick("environment", "", "production", "review/$X"), Attributes: map[string]string{"read": pick("read", "", "complete", "a script is not at hand"),
				"image": pick("image", "", "node:22"), "artifact_paths": pick("artifacts", "", "dist/", "**/*"), "includes_mutable": pick("includes", "", "project:shop/p1@main")}})
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "usages") {
		s.Usages = append(s.Usages, inventory.Usage{ID: fmt.Sprint("us", i), Home: home(), Workload: pick("job", "w0", "w1", "w2"), Job: fmt.Sprint("job", i),
			Name: pick("name", "PROD_KEY", "TEST_KEY", "AWS_SECRET"), Kind: pick("use", "ci-variable", "implicit", "id-token", "ambient"), Credential: pick("with", "", "c0", "c1"),
			System: pick("system", "", "aws-s3", "gitlab-api", "https://sts.example"), Operation: pick("operation", "", "GET /projects", "POST /projects")})
	}
	for _, c := range s.Credentials {
		if band := pick("band", "", inventory.OwnerNone, inventory.OwnerDeclared, inventory.OwnerOrphaned); band != "" {
			s.Owners = append(s.Owners, inventory.Owner{Subject: c.ID, Owner: "team", Band: band, Confidence: 0.8})
		}
	}
	for _, h := range s.Homes {
		for _, source := range rapid.SliceOfDistinct(rapid.SampledFrom(everySource()), rapid.ID[string]).Draw(t, "covered") {
			state := rapid.SampledFrom([]inventory.State{inventory.Complete, inventory.Complete, inventory.Denied}).Draw(t, "state")
			s.Coverage = append(s.Coverage, inventory.Coverage{Visit: inventory.Visit{Source: source, Home: h.ID}, State: state})
		}
	}
	s.Sort()
	return s
}

// everySource lists the sources that rules read.
func everySource() []string {
	seen := map[string]bool{}
	for _, r := range All() {
		for _, s := range r.Reads {
			seen[s] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func shuffled[T any](rows []T, seed uint64) []T {
	rows = slices.Clone(rows)
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}

func TestEvaluateDoesNotDependOnRowOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := company(t)
		seed := rapid.Uint64().Draw(t, "seed")
		other := &inventory.Snapshot{Scan: s.Scan, Homes: shuffled(s.Homes, seed), Users: shuffled(s.Users, seed), Grants: shuffled(s.Grants, seed),
			Identities: shuffled(s.Identities, seed), Credentials: shuffled(s.Credentials, seed), Locations: shuffled(s.Locations, seed),
			Usages: shuffled(s.Usages, seed), Owners: shuffled(s.Owners, seed), Coverage: shuffled(s.Coverage, seed)}
		a := Evaluate(inventory.NewIndex(s), History{}, DefaultPolicy(), testNow)
		b := Evaluate(inventory.NewIndex(other), History{}, DefaultPolicy(), testNow)
		if diff := cmp.Diff(a, b, compareWhen); diff != "" {
			t.Fatalf("Evaluate of the same rows in another order differs (-sorted +shuffled):\n%s", diff)
		}
	})
}

// answers returns each subject's answers, by rule and home, and the subjects by rule.
func answers(s *inventory.Snapshot) (byHome map[[2]string][]answer) {
	p := newPass(inventory.NewIndex(s), History{}, DefaultPolicy(), testNow)
	byHome = map[[2]string][]answer{}
	for at := range p.places() {
		for _, r := range All() {
			r.Check.judge(p, at, func(s subject, v Verdict) {
				key := [2]string{r.ID, s.home}
				byHome[key] = append(byHome[key], v.answer)
			})
		}
	}
	return byHome
}

func TestMoreCoverageNeverTurnsUnknownIntoSilence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := company(t)
		before := answers(s)
		full := *s
		full.Coverage = nil
		for _, h := range s.Homes {
			for _, source := range everySource() {
				full.Coverage = append(full.Coverage, inventory.Coverage{Visit: inventory.Visit{Source: source, Home: h.ID}, State: inventory.Complete})
			}
		}
		after := answers(&full)
		for key, was := range before {
			if slices.Contains(was, unknown) && len(after[key]) == 0 {
				t.Fatalf("rule %s in %q: %v became nothing", key[0], key[1], was)
			}
			if n := counted(was, fail); counted(after[key], fail) < n {
				t.Fatalf("rule %s in %q: %d fails became %d when more was covered", key[0], key[1], n, counted(after[key], fail))
			}
		}
	})
}

func TestLessCoverageNeverMakesAPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := company(t)
		before := answers(s)
		blind := *s
		blind.Coverage = nil
		for key, is := range answers(&blind) {
			if n := counted(is, pass); n > counted(before[key], pass) {
				t.Fatalf("rule %s in %q: %d passes without any coverage, %v before", key[0], key[1], n, before[key])
			}
		}
	})
}

func counted(all []answer, which answer) int {
	n := 0
	for _, a := range all {
		if a == which {
			n++
		}
	}
	return n
}

func TestEvaluateCountsEverySubject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := company(t)
		r := Evaluate(inventory.NewIndex(s), History{}, DefaultPolicy(), testNow)
		fails := 0
		for i, v := range r.Verdicts {
			if v.Rule != All()[i].ID {
				t.Fatalf("verdict %d is of %s, want catalogue order", i, v.Rule)
			}
			fails += v.Fail
			reasons := 0
			for _, n := range v.Reasons {
				reasons += n
			}
			if reasons != v.Unknown {
				t.Fatalf("%s: %d reasons for %d unknown", v.Rule, reasons, v.Unknown)
			}
		}
		if fails != len(r.Gaps)+len(r.Waived) {
			t.Fatalf("%d fails, %d gaps, %d waived", fails, len(r.Gaps), len(r.Waived))
		}
		for _, m := range r.Measures {
			if m.Name != measureSprawl && (m.Numerator+m.Unknown > m.Denominator && m.Name != measureOutside || m.Numerator < 0) {
				t.Fatalf("measure out of bounds: %+v", m)
			}
		}
	})
}

func TestReasonsAreCountedTogether(t *testing.T) {
	s, _ := parseRows(t, []byte(`
homes:
- {id: a, kind: project, path: shop/a}
- {id: b, kind: project, path: shop/b}
- {id: c, kind: project, path: shop/c}
coverage:
- {source: job-token-scope, home: a, state: denied, needs: {role: Maintainer}}
- {source: job-token-scope, home: b, state: denied, needs: {role: Maintainer}}
- {source: job-token-scope, home: c, state: failed, reason: "500"}
`))
	r := Evaluate(inventory.NewIndex(s), History{}, DefaultPolicy(), testNow)
	i := slices.IndexFunc(r.Verdicts, func(v inventory.VerdictCount) bool { return v.Rule == "job-token-access-open" })
	want := map[string]int{
		"job token settings of shop/a and others were not shown: needs the Maintainer role": 2,
		"job token settings of shop/c could not be read: 500":                               1,
	}
	if diff := cmp.Diff(want, r.Verdicts[i].Reasons); diff != "" {
		t.Errorf("Evaluate(…).Verdicts[%d].Reasons (-want +got):\n%s", i, diff)
	}
}

func TestCatalogue(t *testing.T) {
	ids, codes := map[string]bool{}, map[string]bool{}
	for _, r := range All() {
		if ids[r.ID] || codes[r.Code] {
			t.Errorf("%s %s is there twice", r.ID, r.Code)
		}
		ids[r.ID], codes[r.Code] = true, true
		if r.ID == "" || r.Code == "" || r.Title == "" || r.Why == "" || r.Fix == "" || len(r.Refs) == 0 || len(r.Reads) == 0 || r.Check == nil {
			t.Errorf("%s: a field is empty", r.ID)
		}
		if r.Severity < inventory.Info || r.Severity > inventory.Critical {
			t.Errorf("%s: severity %v", r.ID, r.Severity)
		}
		if strings.HasSuffix(r.Title, ".") || !strings.HasSuffix(r.Why, ".") || !strings.HasSuffix(r.Fix, ".") {
			t.Errorf("%s: a title is no sentence, why and fix are", r.ID)
		}
	}
	if len(ids) != 64 {
		t.Errorf("All() has %d rules, want 64", len(ids))
	}
}
