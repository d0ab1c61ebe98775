package inventory

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestIDs(t *testing.T) {
	home := HomeID("git.example", ProjectHome, 42)
	tests := map[string]string{
		home:                                   "git.example/home/project:42",
		HomeID("git.example", InstanceHome, 0): "git.example/home/instance",
		UserID("git.example", 7):               "git.example/identity/user/7",
		WorkloadID("git.example", 42, "build: [a/b]"):                                  "git.example/identity/workload/42/build:%20%5Ba%2Fb%5D",
		CredentialID("my gitlab", "access-token", "5"):                                 "my%20gitlab/credential/access-token/5",
		VariableID("git.example", home, "KEY", "review/*"):                             "git.example/variable/project:42/KEY/review%2F%2A",
		LocationID("git.example", home, SurfaceFile, "a/b.env", "ff", 2):               "git.example/location/project:42/file/a%2Fb.env/ff/2",
		GrantID("git.example", "membership", UserID("git.example", 7), home):           "git.example/grant/membership/identity%2Fuser%2F7/project:42",
		UsageID("git.example", 42, "deploy", "aws", "AWS_KEY"):                         "git.example/usage/42/deploy/aws/AWS_KEY",
		ExternalID("git.example", LocationID("git.example", home, "file", "p", "", 1)): "git.example/credential/external/git.example%2Flocation%2Fproject:42%2Ffile%2Fp%2F%2F1",
	}
	for got, want := range tests {
		if got != want {
			t.Errorf("ID = %s, want %s", got, want)
		}
	}
	if got := RefOf(home); got != "project:42" {
		t.Errorf("RefOf(%s) = %s", home, got)
	}
}

func TestLongPartsAreCutApart(t *testing.T) {
	long := strings.Repeat("ü/", 2000)
	a, b := WorkloadID("git.example", 1, long+"a"), WorkloadID("git.example", 1, long+"b")
	if a == b || len(a) > 400 || strings.Count(a, "/") != 4 || a != WorkloadID("git.example", 1, long+"a") {
		t.Errorf("IDs of two long names = %s and %s", a, b)
	}
	_, last, _ := strings.Cut(a, "workload/1/")
	if decoded, err := url.PathUnescape(last); err != nil || WorkloadID("git.example", 1, decoded) == a || WorkloadID("git.example", 1, last) == a {
		t.Errorf("another name makes the ID %s too", a)
	}
	worst := LocationID(long, long, long, long, long, 1)
	if len(worst) > 2000 {
		t.Errorf("the longest location ID has %d bytes, a database takes 2,000", len(worst))
	}
}

// Different parts never make one ID.
func TestIDsAreUnambiguous(t *testing.T) {
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "/", "a", "a/b", "%2F", "~"}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(part, 1, 3).Draw(t, "a"), rapid.SliceOfN(part, 1, 3).Draw(t, "b")
		if (join(a...) == join(b...)) != (diff(a, b) == "") {
			t.Fatalf("join(%q) = %s, join(%q) = %s", a, join(a...), b, join(b...))
		}
	})
}
