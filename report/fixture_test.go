package report

import (
	"fmt"
	"strings"
	"time"

	"nhiscan/inventory"
)

// The fixture is a small company on git.example: believable in shape, invented in every name.

const instance = "git.example"

var scanBegan = time.Date(2026, 11, 22, 2, 14, 0, 0, time.UTC)

func day(s string) inventory.When {
	w, err := inventory.ParseWhen(s)
	if err != nil {
		panic(err)
	}
	return w
}

func home(kind inventory.HomeKind, number int64) string {
	return inventory.HomeID(instance, kind, number)
}

func project(number int64) string { return home(inventory.ProjectHome, number) }

func token(number string) string { return inventory.CredentialID(instance, "access-token", number) }

// fingerprint makes 32 digits that no key ever made.
func fingerprint(seed string) string {
	return (fmt.Sprintf("%x", seed) + strings.Repeat("0", 32))[:32]
}

func company() *Document {
	ended := scanBegan.Add(29 * time.Minute)
	scan := inventory.Scan{
		Number: 312, Instance: instance, URL: "https://git.example", Version: "18.5.1", Edition: "enterprise", State: "finished",
		Began: scanBegan, Ended: &ended, Detectors: "2026.11", KeyID: "5f1c9a04", Requests: 61, RulePack: "2026.11",
		Policy: "c0ffee0123456789", Digest: "9c41e0d75b2a88f1", Previous: "1d7f60c9a3e402b5",
		Token: inventory.TokenFacts{
			Credential: token("90"), User: inventory.UserID(instance, 9), Username: "svc-nhi-audit", Scope: "read_api read_repository",
			ExpiresAt: day("2027-01-20"), Admin: inventory.No, Role: "user",
		},
	}
	before := scan
	before.Number, before.Began = 311, scanBegan.AddDate(0, 0, -1)
	s := &inventory.Snapshot{Scan: scan}
	companyHomes(s)
	companyUsers(s)
	companyCredentials(s)
	companyPlaces(s)
	companyOwners(s)
	companyCoverage(s)
	s.Sort()
	d := &Document{
		Scan: scan, Previous: &before, Snapshot: s, Generated: scanBegan, Tool: "nhi-scan 0.9.2",
		Gaps: companyGaps(), Verdicts: companyVerdicts(), Measures: companyMeasures(), Events: companyEvents(),
		Rules: companyRules(), Sources: companySources(),
	}
	return d
}

func companyHomes(s *inventory.Snapshot) {
	root := home(inventory.InstanceHome, 0)
	s.Homes = append(s.Homes, inventory.Home{ID: root, Kind: inventory.InstanceHome, Path: instance, Name: instance, URL: "https://git.example"})
	groups := []string{"payments", "platform", "warehouse", "legacy"}
	for i, g := range groups {
		s.Homes = append(s.Homes, inventory.Home{
			ID: home(inventory.GroupHome, int64(i+1)), Kind: inventory.GroupHome, Number: int64(i + 1), Parent: root, Path: g, Name: g,
			Visibility: "private", URL: "https://git.example/" + g, CreatedAt: day("2021-03-01"),
		})
	}
	projects := []struct {
		number     int64
		group      int64
		path       string
		visibility string
		archived   inventory.Tri
	}{
		{11, 1, "payments/settlement-export", "private", inventory.No},
		{12, 1, "payments/ledger", "private", inventory.No},
		{21, 2, "platform/base-images", "internal", inventory.No},
		{22, 2, "platform/ci-templates", "public", inventory.No},
		{31, 3, "warehouse/scanner", "private", inventory.No},
		{32, 3, "warehouse/labels", "private", inventory.Unknown},
		{41, 4, "legacy/tariff-engine", "private", inventory.Yes},
	}
	for _, p := range projects {
		s.Homes = append(s.Homes, inventory.Home{
			ID: project(p.number), Kind: inventory.ProjectHome, Number: p.number, Parent: home(inventory.GroupHome, p.group), Path: p.path,
			Name: p.path[strings.Index(p.path, "/")+1:], URL: "https://git.example/" + p.path, Visibility: p.visibility, Archived: p.archived,
			DeletionAt: inventory.Never, CreatedAt: day("2022-05-04T09:30:00Z"), Default: "main", Topics: []string{"owner:team-" + p.path[:8]},
			Settings: map[string]string{"ci_job_token_scope_enabled": "true", "runner_token_expiration_interval": "null"},
			Branches: []inventory.ProtectedRef{{Pattern: "main", Push: []inventory.Access{{Level: 40}}, Merge: []inventory.Access{{Level: 30}}, ForcePush: inventory.No}},
		})
	}
}

func companyUsers(s *inventory.Snapshot) {
	users := []struct {
		number      int64
		name, state string
		kind        string
	}{
		{2, "i.carvalho", "active", "user"}, {3, "a.kim", "blocked", "user"}, {4, "m.lindqvist", "deactivated", "user"},
		{9, "svc-nhi-audit", "active", "service-account"}, {44, "project_11_bot_4417", "active", "project-bot"}, {5, "t.bielak", "", ""},
	}
	for _, u := range users {
		id := inventory.UserID(instance, u.number)
		s.Users = append(s.Users, inventory.User{ID: id, Number: u.number, Username: u.name, Name: u.name, State: u.state, Kind: u.kind, Bot: inventory.Is(u.kind != "user")})
		s.Identities = append(s.Identities, inventory.Identity{ID: id, Kind: u.kind, Name: u.name, State: u.state, CreatedAt: day("2024-01-08")})
	}
	bot := inventory.UserID(instance, 44)
	s.Grants = append(s.Grants,
		inventory.Grant{ID: inventory.GrantID(instance, "membership", bot, project(11)), Kind: "membership", Subject: bot, Home: project(11), Level: 40, ExpiresAt: day("2027-01-31")},
		inventory.Grant{ID: inventory.GrantID(instance, "membership", inventory.UserID(instance, 2), home(inventory.GroupHome, 1)), Kind: "membership", Subject: inventory.UserID(instance, 2), Home: home(inventory.GroupHome, 1), Level: 50, ExpiresAt: inventory.Never},
	)
}

func companyCredentials(s *inventory.Snapshot) {
	bot, kim := inventory.UserID(instance, 44), inventory.UserID(instance, 3)
	used := inventory.Volatile{LastUsedAt: day("2026-11-21T08:00:00Z")}
	s.Credentials = append(s.Credentials,
		inventory.Credential{ID: token("8812"), Kind: "project-access-token", Identity: bot, Home: project(11), Name: "settlement-deploy", State: inventory.Revoked, Scope: "api", Level: 40, CreatedAt: day("2026-01-12"), ExpiresAt: day("2027-01-11"), RevokedAt: day("2026-11-03"), Creator: kim},
		inventory.Credential{ID: token("9377"), Kind: "project-access-token", Identity: bot, Home: project(11), Name: "settlement-deploy", State: inventory.Active, Scope: "api", Level: 40, CreatedAt: day("2026-11-02"), ExpiresAt: day("2027-01-31"), RotatedFrom: token("8812"), Fingerprint: fingerprint("deploy"), KeyID: "5f1c9a04", Hint: "glpat-…", Creator: inventory.UserID(instance, 2), Volatile: used},
		inventory.Credential{ID: token("90"), Kind: "personal-access-token", Identity: inventory.UserID(instance, 9), Name: "nhi-scan", State: inventory.Active, Scope: "read_api read_repository", CreatedAt: day("2026-07-20"), ExpiresAt: day("2027-01-20"), Volatile: used},
		inventory.Credential{ID: token("77"), Kind: "personal-access-token", Identity: kim, Name: "laptop", State: "", Scope: "api", CreatedAt: day("2025-02-19")},
	)
	for _, x := range []struct {
		kind, id, name string
		home           string
		expires        inventory.When
		scope          string
		state          string
		used           inventory.Volatile
	}{
		{"deploy-token", "7", "registry-pull", project(21), inventory.Never, "read_registry", inventory.Active, inventory.Volatile{}},
		{"deploy-token", "8", "tariff-packages", project(41), inventory.Never, "read_package_registry write_package_registry", inventory.Active, inventory.Volatile{}},
		{"deploy-key", "3", "jenkins-old", project(31), inventory.Never, "push", inventory.Active, inventory.Volatile{LastUsedAt: day("2026-07-19")}},
		{"trigger", "5", "nightly import", project(31), inventory.When{}, "run pipelines", inventory.Active, inventory.Volatile{LastUsedAt: inventory.Never}},
		{"runner", "14", "shared-linux-2", project(12), day("2026-11-28"), "run jobs", inventory.Active, inventory.Volatile{ContactedAt: day("2026-11-22"), OnlineStatus: "online"}},
	} {
		id := inventory.IdentityID(instance, x.kind, x.id)
		s.Identities = append(s.Identities, inventory.Identity{ID: id, Kind: x.kind, Home: x.home, Name: x.name, State: x.state})
		kind := map[string]string{"trigger": "trigger-token", "runner": "runner-token"}[x.kind]
		if kind == "" {
			kind = x.kind
		}
		s.Credentials = append(s.Credentials, inventory.Credential{
			ID: inventory.CredentialID(instance, x.kind, x.id), Kind: inventory.CredentialKind(kind), Identity: id, Home: x.home, Name: x.name,
			State: x.state, Scope: x.scope, CreatedAt: day("2024-05-14"), ExpiresAt: x.expires, Volatile: x.used,
		})
	}
	aws := inventory.ExternalID(instance, fingerprint("aws"))
	s.Credentials = append(s.Credentials, inventory.Credential{ID: aws, Kind: "external", Home: project(11), Name: "AWS_SECRET_ACCESS_KEY", Fingerprint: fingerprint("aws"), KeyID: "5f1c9a04", Hint: "AKIA…", CreatedAt: inventory.When{}, ExpiresAt: inventory.When{}})
	s.Identities = append(s.Identities,
		inventory.Identity{ID: inventory.WorkloadID(instance, 11, "publish:image"), Kind: "workload", Home: project(11), Name: "publish:image", Subject: "project_path:payments/settlement-export:ref_type:branch:ref:main", Environment: "production"},
		inventory.Identity{ID: inventory.IdentityID(instance, "schedule", "41"), Kind: "schedule", Home: project(31), Name: "nightly deploy", State: "active", ActsAs: inventory.UserID(instance, 4)},
	)
}

func companyPlaces(s *inventory.Snapshot) {
	aws, deploy := inventory.ExternalID(instance, fingerprint("aws")), token("9377")
	variable := func(home, key, environment, print, credential string, masked, protected inventory.Tri) inventory.Location {
		return inventory.Location{
			ID: inventory.VariableID(instance, home, key, environment), Home: home, Surface: inventory.SurfaceVariable, Path: "variables/" + key, Key: key,
			Environment: environment, Masked: masked, Protected: protected, SecretLike: inventory.Yes, Fingerprint: print, KeyID: "5f1c9a04",
			Credential: credential, LinkReason: "same value", Detector: "gitlab-pat",
		}
	}
	s.Locations = append(s.Locations,
		variable(project(11), "AWS_SECRET_ACCESS_KEY", "production", fingerprint("aws"), aws, inventory.Yes, inventory.No),
		variable(project(12), "AWS_SECRET_ACCESS_KEY", "*", fingerprint("aws"), aws, inventory.No, inventory.No),
		variable(project(11), "DEPLOY_TOKEN", "*", fingerprint("deploy"), deploy, inventory.Yes, inventory.Yes),
		variable(home(inventory.GroupHome, 1), "BOT_TOKEN", "*", fingerprint("deploy"), deploy, inventory.Yes, inventory.Unknown),
		variable(project(41), "NPM_TOKEN", "*", "", "", inventory.Yes, inventory.No),
		inventory.Location{
			ID: inventory.LocationID(instance, project(22), "file", "docs/runbook.md", fingerprint("aws"), 1), Home: project(22), Surface: inventory.SurfaceFile,
			Path: "docs/runbook.md", Line: 41, Column: 7, Commit: strings.Repeat("4be1f7a2", 5), Author: "M. Okafor", At: day("2026-11-03T10:00:00Z"),
			SecretLike: inventory.Yes, Fingerprint: fingerprint("aws"), KeyID: "5f1c9a04", Hint: "AKIA…", Detector: "aws-access-key", Credential: aws, LinkReason: "same value",
		},
		inventory.Location{
			ID: inventory.LocationID(instance, project(11), "history", "deploy/values.yaml", fingerprint("deploy"), 1), Home: project(11), Surface: inventory.SurfaceHistory,
			Path: "deploy/values.yaml", Line: 23, Commit: strings.Repeat("91ce04b8", 5), At: day("2026-10-19"), SecretLike: inventory.Yes,
			Fingerprint: fingerprint("deploy"), KeyID: "5f1c9a04", Detector: "gitlab-pat", Credential: deploy, LinkReason: "same value",
		},
	)
	job := inventory.WorkloadID(instance, 11, "publish:image")
	s.Usages = append(s.Usages,
		inventory.Usage{ID: inventory.UsageID(instance, 11, "publish:image", "gitlab-registry", "DEPLOY_TOKEN"), Home: project(11), Workload: job, Job: "publish:image", Name: "DEPLOY_TOKEN", Kind: "ci-variable", Credential: deploy, System: "gitlab-registry", Operation: "push image", Scope: "api", LeastScope: "job token", Path: ".gitlab-ci.yml", Line: 14, Confidence: "high"},
		inventory.Usage{ID: inventory.UsageID(instance, 11, "upload", "aws", "AWS_SECRET_ACCESS_KEY"), Home: project(11), Workload: job, Job: "upload", Name: "AWS_SECRET_ACCESS_KEY", Kind: "ci-variable", Credential: aws, System: "aws", Operation: "s3 cp", Confidence: "medium"},
	)
}

func companyOwners(s *inventory.Snapshot) {
	declared := inventory.Claim{Candidate: "team-payments", Rank: 3, Evidence: "declared in the project topic owner:team-payments", Weight: 0.8}
	creator := inventory.Claim{Candidate: "@a.kim", User: inventory.UserID(instance, 3), Rank: 5, Evidence: "created it", Weight: 0.12, At: day("2026-01-12"), Note: "blocked since 2026-03-02"}
	owner := func(subject, name, band string, confidence float64, claims ...inventory.Claim) {
		s.Owners = append(s.Owners, inventory.Owner{Subject: subject, Owner: name, Confidence: confidence, Band: band, Claims: claims, Reason: fmt.Sprintf("%s %.2f (%s)", orNone(name), confidence, band)})
	}
	for _, subject := range []string{token("9377"), token("8812"), inventory.UserID(instance, 44)} {
		owner(subject, "team-payments", inventory.OwnerDeclared, 0.824, declared, creator)
	}
	owner(inventory.ExternalID(instance, fingerprint("aws")), "team-payments", inventory.OwnerInferred, 0.66, inventory.Claim{Candidate: "team-payments", Rank: 8, Evidence: "maintains 2 of 3 projects", Weight: 0.66})
	owner(inventory.CredentialID(instance, "deploy-token", "7"), "", inventory.OwnerNone, 0.18, inventory.Claim{Candidate: "@i.carvalho", Rank: 10, Evidence: "group owner", Weight: 0.18})
	owner(inventory.CredentialID(instance, "deploy-token", "8"), "@a.kim", inventory.OwnerOrphaned, 0.75, creator)
	owner(inventory.CredentialID(instance, "deploy-key", "3"), "team-warehouse", inventory.OwnerWeak, 0.41)
	owner(inventory.CredentialID(instance, "runner", "14"), "team-platform", inventory.OwnerConfirmed, 0.95)
	owner(token("90"), "team-security", inventory.OwnerConfirmed, 0.9)
}

func companyCoverage(s *inventory.Snapshot) {
	add := func(source, home string, state inventory.State, seen, status int, reason string, needs inventory.Needs) {
		s.Coverage = append(s.Coverage, inventory.Coverage{Visit: inventory.Visit{Source: source, Home: home}, State: state, Seen: seen, Status: status, Reason: reason, Needs: needs})
	}
	maintainer, owner := inventory.Needs{Role: "Maintainer"}, inventory.Needs{Role: "Owner"}
	for _, n := range []int64{11, 12, 21, 22, 31, 41} {
		for _, source := range []string{"project-access-token", "deploy-token", "ci-variable", "repository"} {
			if n == 31 && source == "ci-variable" {
				add(source, project(n), inventory.Denied, 0, 403, "403 Forbidden", maintainer)
				continue
			}
			add(source, project(n), inventory.Complete, 2, 200, "", inventory.Needs{})
		}
	}
	for _, source := range []string{"project-access-token", "deploy-token", "ci-variable", "repository"} {
		add(source, project(32), inventory.Denied, 0, 403, "403 Forbidden", maintainer)
	}
	for n := int64(1); n <= 4; n++ {
		state, status, needs, reason := inventory.Complete, 200, inventory.Needs{}, ""
		if n > 2 {
			state, status, needs, reason = inventory.Denied, 403, owner, "403 Forbidden"
		}
		add("group-access-token", home(inventory.GroupHome, n), state, 1, status, reason, needs)
		add("group-variable", home(inventory.GroupHome, n), inventory.Complete, 1, 200, "", inventory.Needs{})
	}
	root := home(inventory.InstanceHome, 0)
	add("runner", root, inventory.Partial, 1, 200, "the list ended early: page 3 answered 500", inventory.Needs{})
	add("personal-access-token", root, inventory.Denied, 0, 403, "403 Forbidden", inventory.Needs{Role: "administrator", Scope: "admin_mode"})
	add("oauth-grant", root, inventory.Unsupported, 0, 0, "GitLab has no API for OAuth grants", inventory.Needs{})
	add("job-log", root, inventory.NotAsked, 0, 0, "see --logs", inventory.Needs{})
	add("service-account", home(inventory.GroupHome, 2), inventory.Failed, 0, 502, "502 Bad Gateway after 3 tries", inventory.Needs{})
}
