package report

import (
	"strconv"
	"strings"

	"nhiscan/inventory"
)

func companyGaps() []inventory.Gap {
	aws := inventory.ExternalID(instance, fingerprint("aws"))
	gap := func(rule, code, subject, home string, s inventory.Severity, owner, seen, why, message string, evidence ...string) inventory.Gap {
		return inventory.Gap{Rule: rule, Code: code, Subject: subject, Home: home, Severity: s, Arithmetic: why, Message: message, Evidence: evidence, Owner: owner, FirstSeen: day(seen)}
	}
	return []inventory.Gap{
		gap("credential-never-expires", "EXP-001", inventory.CredentialID(instance, "deploy-token", "7"), project(21), inventory.High, "", "2026-08-02", "base high",
			`deploy token "registry-pull" of platform/base-images never expires (policy: at most 365 days); set an expiry date`, "expires_at = never"),
		gap("credential-never-expires", "EXP-001", inventory.CredentialID(instance, "deploy-token", "8"), project(41), inventory.High, "@a.kim", "2026-05-11", "base high",
			`deploy token "tariff-packages" of legacy/tariff-engine never expires (policy: at most 365 days); set an expiry date`, "expires_at = never"),
		gap("secret-in-public-project", "SEC-004", aws, project(22), inventory.Critical, "team-payments", "2026-11-22T02:14:00Z", "base critical",
			`AWS_SECRET_ACCESS_KEY lies in docs/runbook.md:41 of platform/ci-templates, which is public; revoke it now and assume that it was copied`, "surface = file", "visibility = public"),
		gap("archived-project-live-credential", "OFF-001", inventory.CredentialID(instance, "deploy-token", "8"), project(41), inventory.High, "@a.kim", "2026-09-03", "base high",
			`deploy token "tariff-packages" is active, and legacy/tariff-engine was archived 81 days ago (policy: at most 7 days); revoke it`, "archived = true", "state = active"),
		gap("one-value-many-projects", "REU-001", aws, project(11), inventory.Medium, "team-payments", "2026-11-03", "base medium",
			`AWS_SECRET_ACCESS_KEY has one value in 3 projects; give each project its own`, "projects = 3"),
		gap("unused-credential", "STL-001", inventory.CredentialID(instance, "deploy-key", "3"), project(31), inventory.Medium, "team-warehouse", "2026-10-18", "base medium",
			`deploy key "jenkins-old" of warehouse/scanner was last used 126 days ago (policy: at most 90 days); remove it`, "last_used_at = 2026-07-19"),
		gap("variable-not-protected", "VAR-002", inventory.VariableID(instance, project(41), "NPM_TOKEN", "*"), project(41), inventory.Low, "", "2026-11-01", "base medium, -1 archived = low",
			`variable NPM_TOKEN of legacy/tariff-engine is not protected; protect it`, "protected = false"),
		gap("schedule-owner-left", "OFF-004", inventory.IdentityID(instance, "schedule", "41"), project(31), inventory.High, "", "2026-10-10", "base medium, +1 production = high",
			`schedule "nightly deploy" of warehouse/scanner runs as m.lindqvist, who is deactivated; take ownership`, "acts_as = m.lindqvist"),
	}
}

func companyVerdicts() []inventory.VerdictCount {
	return []inventory.VerdictCount{
		{Rule: "credential-never-expires", Pass: 3, Fail: 2, Unknown: 2, NotApplicable: 2, Reasons: map[string]int{"GitLab did not show its expiry date": 2}},
		{Rule: "secret-in-public-project", Pass: 1, Fail: 1},
		{Rule: "archived-project-live-credential", Pass: 7, Fail: 1},
		{Rule: "one-value-many-projects", Pass: 1, Fail: 1},
		{Rule: "unused-credential", Pass: 3, Fail: 1, Unknown: 4, Reasons: map[string]int{"GitLab does not tell when a deploy token was used": 2, "last use was not shown": 2}},
		{Rule: "variable-not-protected", Pass: 1, Fail: 1, Unknown: 1, NotApplicable: 2, Reasons: map[string]int{"variables of warehouse/scanner were not shown: needs Maintainer": 1}},
		{Rule: "schedule-owner-left", Fail: 1},
		{Rule: "no-owner", Pass: 6, Unknown: 3, Reasons: map[string]int{"members of warehouse/labels were not shown": 3}},
		{Rule: "runner-shared", Pass: 1},
	}
}

func companyMeasures() []inventory.Measure {
	m := func(name string, n, of, unknown int) inventory.Measure {
		value := 0.0
		if of > 0 {
			value = float64(n) / float64(of)
		}
		return inventory.Measure{Name: name, Scope: "instance", Numerator: n, Denominator: of, Unknown: unknown, Value: value}
	}
	return []inventory.Measure{
		m("coverage", 6, 11, 0), m("owned-share", 5, 9, 1), m("governed-share", 3, 9, 2), m("outside-secrets-manager", 2, 2, 1), m("sprawl", 6, 2, 1),
		m("valid-after-5-days", 1, 2, 0), m("offboarding-completeness", 0, 0, 0), m("expiry-discipline", 4, 9, 3), m("idle-share", 1, 9, 4), m("rotation-compliance", 21, 30, 5),
	}
}

func companyEvents() []inventory.Event {
	prev := inventory.At(scanBegan.AddDate(0, 0, -1))
	at := inventory.At(scanBegan)
	aws := inventory.ExternalID(instance, fingerprint("aws"))
	file := inventory.LocationID(instance, project(22), "file", "docs/runbook.md", fingerprint("aws"), 1)
	return []inventory.Event{
		{Kind: inventory.Discovered, Subject: token("8812"), Row: inventory.CredentialRow, Home: project(11), Name: "settlement-deploy", To: "active", At: day("2026-01-12"), Scan: 1},
		{Kind: inventory.Rotated, Subject: token("9377"), Row: inventory.CredentialRow, Home: project(11), Name: "settlement-deploy", From: token("8812"), To: token("9377"), At: day("2026-11-02"), Scan: 292},
		{Kind: inventory.RevokedEvent, Subject: token("8812"), Row: inventory.CredentialRow, Home: project(11), Name: "settlement-deploy", From: "active", To: "revoked", At: day("2026-11-03"), Scan: 293},
		{Kind: inventory.OwnerLeft, Subject: inventory.UserID(instance, 4), Row: inventory.UserRow, Name: "m.lindqvist", From: "active", To: "deactivated", At: day("2026-10-09"), After: day("2026-10-08"), Scan: 269},
		{Kind: inventory.ProjectArchived, Subject: project(41), Row: inventory.HomeRow, Home: project(41), Name: "legacy/tariff-engine", At: day("2026-09-02"), After: day("2026-09-01"), Scan: 232},
		{Kind: inventory.Exposed, Subject: file, Row: inventory.LocationRow, Home: project(22), Name: "docs/runbook.md", At: day("2026-11-21T11:02:00Z"), Scan: 312},
		{Kind: inventory.Reported, Subject: aws, Row: inventory.CredentialRow, Home: project(11), Name: "AWS_SECRET_ACCESS_KEY", Field: "secret-in-public-project", To: "critical", At: at, Scan: 312},
		{Kind: inventory.Removed, Subject: inventory.CredentialID(instance, "deploy-token", "6"), Row: inventory.CredentialRow, Home: project(12), Name: "bot-merge", At: at, After: prev, Scan: 312},
		{Kind: inventory.Changed, Subject: project(21), Row: inventory.HomeRow, Home: project(21), Name: "platform/base-images", Field: "visibility", From: "private", To: "internal", At: at, After: prev, Scan: 312},
		{Kind: inventory.OwnerChanged, Subject: inventory.CredentialID(instance, "deploy-key", "3"), Row: inventory.CredentialRow, Home: project(31), Name: "jenkins-old", From: "team-platform", To: "team-warehouse", At: at, After: prev, Scan: 312},
		{Kind: inventory.ExpiredEvent, Subject: token("77"), Row: inventory.CredentialRow, Name: "laptop", From: "active", To: "expired", At: day("2026-11-22"), Scan: 312},
	}
}

func companyRules() []RuleText {
	return []RuleText{
		{ID: "credential-never-expires", Code: "EXP-001", Title: "Credential without an expiry date", Severity: inventory.High, Why: "A credential that never expires stays usable for whoever copied it, long after its purpose is gone.", Fix: "Set an expiry date, or replace it with a job token or an ID token.", Refs: []string{"OWASP NHI7:2025"}},
		{ID: "secret-in-public-project", Code: "SEC-004", Title: "Secret in a public or internal project", Severity: inventory.Critical, Why: "Anyone with an account, or anyone at all, may have read it.", Fix: "Revoke it now, then remove it; assume that it was copied."},
		{ID: "archived-project-live-credential", Code: "OFF-001", Title: "Archived project, live credentials", Severity: inventory.High, Why: "A project ended and its trust did not.", Fix: "Revoke what the project held."},
		{ID: "one-value-many-projects", Code: "REU-001", Title: "One value in three or more projects", Severity: inventory.Medium, Why: "Whoever reads one project holds them all.", Fix: "Give each project its own credential."},
		{ID: "unused-credential", Code: "STL-001", Title: "Unused credential", Severity: inventory.Medium, Why: "What nobody uses, nobody misses when it is stolen.", Fix: "Remove it."},
		{ID: "variable-not-protected", Code: "VAR-002", Title: "Secret variable not protected", Severity: inventory.Medium, Why: "Every branch, so every developer, can print it.", Fix: "Protect the variable."},
		{ID: "schedule-owner-left", Code: "OFF-004", Title: "Schedule or trigger owned by a leaver", Severity: inventory.Medium, Why: "The pipeline runs with the rights of someone who is gone.", Fix: "Take ownership as a current maintainer."},
		{ID: "no-owner", Code: "OWN-001", Title: "No resolvable owner", Severity: inventory.High, Why: "Nobody will rotate it.", Fix: "Name a team in the owners file."},
		{ID: "runner-shared", Code: "STL-006", Title: "Stale runner", Severity: inventory.Low, Why: "An idle runner still holds a token.", Fix: "Delete it."},
	}
}

func companySources() []SourceText {
	return []SourceText{
		{ID: "project-access-token", Title: "Project access tokens", Needs: inventory.Needs{Role: "Maintainer", Scope: "read_api"}},
		{ID: "group-access-token", Title: "Group access tokens", Needs: inventory.Needs{Role: "Owner"}},
		{ID: "personal-access-token", Title: "Personal access tokens"},
		{ID: "deploy-token", Title: "Deploy tokens"},
		{ID: "ci-variable", Title: "CI/CD variables of projects"},
		{ID: "group-variable", Title: "CI/CD variables of groups"},
		{ID: "repository", Title: "Files and history"},
		{ID: "runner", Title: "Runners"},
		{ID: "service-account", Title: "Service accounts"},
		{ID: "oauth-grant", Title: "OAuth grants"},
		{ID: "job-log", Title: "Job logs"},
	}
}

var strLong = strings.Repeat("long", 2500)

// hostileCompany is the company with every name as bad as GitLab lets it be, and worse.
func hostileCompany() *Document {
	d := company()
	names := []string{
		`</script><script>document.title="owned"</script>`, "<!-- <script>", "\u202egnp.exe\u202c", "\x1b[2J\x1b]0;owned\x07", "\u009b31m",
		`=HYPERLINK("http://evil.example")`, "@SUM(1)", "\t=1+1", "line\nbreak\r\n", "\xff\xfe broken", strLong, `"><img src=x onerror=alert(1)>`, "{{.Scan}}", "\u2028\u2029\u0000", "a\U000e0041b",
	}
	for i := range d.Snapshot.Credentials {
		d.Snapshot.Credentials[i].Name = names[i%len(names)]
		d.Snapshot.Credentials[i].Description = names[(i+3)%len(names)]
	}
	for i := range d.Snapshot.Homes {
		d.Snapshot.Homes[i].Path = names[(i+1)%len(names)]
	}
	for i := range d.Snapshot.Locations {
		d.Snapshot.Locations[i].Path = names[(i+2)%len(names)]
		d.Snapshot.Locations[i].Key = names[(i+9)%len(names)]
	}
	for i := range d.Snapshot.Owners {
		d.Snapshot.Owners[i].Owner = names[(i+4)%len(names)]
	}
	for i := range d.Gaps {
		d.Gaps[i].Message = names[i%len(names)] + " never expires"
		d.Gaps[i].Evidence = []string{names[(i+5)%len(names)]}
		d.Gaps[i].Owner = names[(i+6)%len(names)]
	}
	for i := range d.Events {
		d.Events[i].Name = names[i%len(names)]
		d.Events[i].From = names[(i+7)%len(names)]
	}
	for i := range d.Snapshot.Coverage {
		d.Snapshot.Coverage[i].Reason = names[i%len(names)]
	}
	d.Scan.Token.Username = names[2]
	return d
}

// largeCompany is the company with n more credentials, each with its owner, a gap and a place.
func largeCompany(n int) *Document {
	d := company()
	s := d.Snapshot
	s.Credentials, s.Identities, s.Locations, s.Owners, d.Gaps = nil, nil, nil, nil, nil
	for i := range n {
		id := token(strconv.Itoa(100000 + i))
		home := project([]int64{11, 12, 21, 22, 31, 41}[i%6])
		s.Credentials = append(s.Credentials, inventory.Credential{
			ID: id, Kind: "project-access-token", Home: home, Name: "name-" + strconv.Itoa(i), State: inventory.Active, Scope: "api", Level: 40,
			CreatedAt: inventory.At(scanBegan.AddDate(0, 0, -i%700)), ExpiresAt: inventory.At(scanBegan.AddDate(0, 0, i%400)), Fingerprint: fingerprint("v" + strconv.Itoa(i)),
		})
		s.Locations = append(s.Locations, inventory.Location{ID: inventory.VariableID(instance, home, "TOKEN_"+strconv.Itoa(i), "*"), Home: home, Surface: inventory.SurfaceVariable, Key: "TOKEN_" + strconv.Itoa(i), Fingerprint: fingerprint("v" + strconv.Itoa(i)), Credential: id, SecretLike: inventory.Yes})
		s.Owners = append(s.Owners, inventory.Owner{Subject: id, Owner: "team-" + strconv.Itoa(i%40), Confidence: 0.7, Band: inventory.OwnerInferred, Reason: "team 0.70", Claims: []inventory.Claim{{Candidate: "team-" + strconv.Itoa(i%40), Rank: 8, Evidence: "maintains the project", Weight: 0.7}}})
		d.Gaps = append(d.Gaps, inventory.Gap{Rule: "unused-credential", Code: "STL-001", Subject: id, Home: home, Severity: inventory.Severity(1 + i%5), Message: "token name-" + strconv.Itoa(i) + " was not used for 120 days (policy: at most 90 days); remove it", Evidence: []string{"last_used_at = 2026-07-19"}, FirstSeen: day("2026-10-01")})
	}
	s.Sort()
	return d
}
