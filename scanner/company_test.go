package scanner

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"nhiscan/scanner/gitlabtest"
)

// emptyInstance is GitLab as it is after its installation, with tokens of its administrator.
const emptyInstance = `
name: empty
now: 2026-11-22T08:00:00Z
users:
  - username: root
    name: Administrator
    admin: true
    created_at: 2026-11-01T09:00:00Z
    access_tokens:
      - {label: admin, name: inventory, scopes: [read_api, read_repository, admin_mode], created_at: 2026-11-01T09:00:00Z, expires_at: 2027-05-01}
      - {label: admin-write, name: setup, scopes: [api, admin_mode], created_at: 2026-11-01T09:00:00Z, expires_at: 2027-05-01}
`

// companyClient sets the same small company up, by one client or another.
type companyClient struct {
	name string
	has  []string // a command that succeeds where the client is installed
	run  func(t *testing.T, env map[string]string)
}

func companyClients() []companyClient {
	script := func(program, file string) func(*testing.T, map[string]string) {
		return func(t *testing.T, env map[string]string) {
			t.Helper()
			cmd := exec.Command(program, filepath.Join("testdata/company", file))
			cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
			for name, value := range env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s %s: %v\n%s", program, file, err, out)
			}
		}
	}
	return []companyClient{
		{"python-gitlab", []string{"/usr/bin/python3", "-c", "import gitlab"}, script("/usr/bin/python3", "python_gitlab.py")},
		{"python-gitlab-cli", []string{"python-gitlab", "--version"}, script("sh", "python_cli.sh")},
		{"ruby-gitlab", []string{"ruby", "-e", `require "gitlab"`}, script("ruby", "ruby_gitlab.rb")},
		{"perl-gitlab", []string{"perl", "-MGitLab::API::v4", "-e", "1"}, script("perl", "perl_gitlab.pl")},
		{"client-go-and-git", nil, setUpByGo},
	}
}

// TestClientsSetUpACompany begins with an empty instance for each client and expects all that the client made in the
// inventory: the simulator takes what real clients send, and the crawl finds it.
func TestClientsSetUpACompany(t *testing.T) {
	for _, client := range companyClients() {
		t.Run(client.name, func(t *testing.T) {
			if client.has != nil && exec.Command(client.has[0], client.has[1:]...).Run() != nil {
				t.Skip(client.name + " is not installed")
			}
			secret := "sk_live_" + strings.ToLower(rand.Text()[:8]) + rand.Text()[:16]
			pipeline, err := filepath.Abs("testdata/company/pipeline.yml")
			if err != nil {
				t.Fatal(err)
			}
			git := newClones(t)
			s := setup{
				Git: git, Sources: fullCatalogue(),
				Change: func(w *gitlabtest.World) {
					empty, err := gitlabtest.Load([]byte(emptyInstance))
					if err != nil {
						t.Fatal(err)
					}
					*w = *empty
				},
				Before: func(server *gitlabtest.Server) {
					client.run(t, map[string]string{"GITLAB_URL": server.URL(), "TOKEN": server.Token("admin-write"), "SECRET": secret, "PIPELINE": pipeline,
						"PUBLIC_KEY": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXA mirror"})
				},
			}.scan(t)
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			if diff := gocmp.Diff(companyWanted, companySeen(t, s)); diff != "" {
				t.Errorf("the inventory of what %s made (-want +got):\n%s", client.name, diff)
			}
			noneTold(t, s.everything()+git.store.text(), []string{secret})
		})
	}
}

// companySeen is what a scan found, one line for each row, without the administrator's own. A line names no number: each
// client makes things in an order of its own.
func companySeen(t *testing.T, s *scanned) []string {
	t.Helper()
	snapshot, err := s.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	home, name := map[string]string{}, map[string]string{}
	var seen []string
	say := func(parts ...string) {
		seen = append(seen, strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " "))
	}
	for _, h := range snapshot.Homes {
		home[h.ID] = h.Path
		for _, p := range h.Branches {
			say("protected", p.Pattern, h.Path)
		}
	}
	for _, i := range snapshot.Identities {
		bot, _, _ := strings.Cut(i.Name, "_bot_") // what follows is made up
		name[i.ID] = cmp.Or(bot, i.URL)
		if i.Name != "root" {
			say("identity", i.Kind, name[i.ID], home[i.Home])
		}
	}
	for _, c := range snapshot.Credentials {
		if c.Name != "inventory" && c.Name != "setup" {
			say("credential", string(c.Kind), c.Name, home[c.Home], c.Scope, c.ExpiresAt.String())
		}
	}
	for _, g := range snapshot.Grants {
		if name[g.Subject] != "root" {
			say("grant", g.Kind, name[g.Subject], home[g.Home], strconv.Itoa(g.Level), g.Scope)
		}
	}
	for _, l := range snapshot.Locations {
		detector := ""
		if l.Surface == "file" {
			detector = l.Detector
		}
		say("location", l.Surface, cmp.Or(l.Key, l.Path), home[l.Home], detector)
	}
	for _, u := range snapshot.Usages {
		say("usage", u.Job, u.Name, home[u.Home])
	}
	slices.Sort(seen)
	return seen
}

// companyWanted is the company, whoever set it up.
var companyWanted = []string{
	"credential deploy-key mirror never",
	"credential deploy-token pull northwind/shop/till read_registry 2027-06-01T00:00:00Z",
	"credential external DEPLOY_TOKEN northwind/shop/till",
	"credential external NIGHT_KEY northwind/shop/till",
	"credential external REGISTRY_PASSWORD northwind",
	"credential external stripe-access-token northwind/shop/till",
	"credential group-access-token crawler northwind read_api 2027-06-01T00:00:00Z",
	"credential personal-access-token laptop test read_repository 2027-06-01T00:00:00Z",
	"credential project-access-token release bot northwind/shop/till read_api 2027-06-01T00:00:00Z",
	"credential trigger-token chat northwind/shop/till never",
	"credential webhook-secret northwind/shop/till never",
	"grant deploy-key mirror northwind/shop/till 0 push",
	"grant membership group_2 northwind 20",
	"grant membership mira northwind/shop 40",
	"grant membership project_1 northwind/shop/till 30",
	"identity deploy-key mirror",
	"identity deploy-token gitlab+deploy-token-1 northwind/shop/till",
	"identity external DEPLOY_TOKEN northwind/shop/till",
	"identity external NIGHT_KEY northwind/shop/till",
	"identity external REGISTRY_PASSWORD northwind",
	"identity external stripe-access-token northwind/shop/till",
	"identity group-bot group_2 northwind",
	"identity project-bot project_1 northwind/shop/till",
	"identity schedule nightly northwind/shop/till",
	"identity trigger chat northwind/shop/till",
	"identity user mira",
	"identity webhook https://hooks.northwind.example/till northwind/shop/till",
	"identity workload deploy northwind/shop/till",
	"location file config.env northwind/shop/till stripe-access-token",
	"location schedule NIGHT_KEY northwind/shop/till",
	"location token triggers/1 northwind/shop/till",
	"location variable DEPLOY_TOKEN northwind/shop/till",
	"location variable REGISTRY_PASSWORD northwind",
	"protected main northwind/shop/till",
	"protected release/* northwind/shop/till",
	"usage deploy DEPLOY_TOKEN northwind/shop/till",
}

// setUpByGo makes the company with GitLab's Go client, and pushes the files with git.
func setUpByGo(t *testing.T, env map[string]string) {
	c, err := gitlab.NewClient(env["TOKEN"], gitlab.WithBaseURL(env["GITLAB_URL"]), gitlab.WithCustomRetryMax(0))
	if err != nil {
		t.Fatal(err)
	}
	text, yes, until := gitlab.Ptr[string], gitlab.Ptr(true), gitlab.Ptr(gitlab.ISOTime(mustTime(t, "2027-06-01")))
	var step string
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	step = "groups"
	top, _, err := c.Groups.CreateGroup(&gitlab.CreateGroupOptions{Name: text("Northwind"), Path: text("northwind")})
	check(err)
	shop, _, err := c.Groups.CreateGroup(&gitlab.CreateGroupOptions{Name: text("Shop"), Path: text("shop"), ParentID: &top.ID})
	check(err)
	step = "user"
	mira, _, err := c.Users.CreateUser(&gitlab.CreateUserOptions{Username: text("mira"), Name: text("Mira Till"), Email: text("mira@northwind.example"), ForceRandomPassword: yes})
	check(err)
	_, _, err = c.GroupMembers.AddGroupMember(shop.ID, &gitlab.AddGroupMemberOptions{UserID: &mira.ID, AccessLevel: gitlab.Ptr(gitlab.MaintainerPermissions)})
	check(err)
	step = "project"
	till, _, err := c.Projects.CreateProject(&gitlab.CreateProjectOptions{Name: text("till"), NamespaceID: &shop.ID})
	check(err)
	pushCompany(t, env)
	step = "variables"
	_, _, err = c.ProjectVariables.CreateVariable(till.ID, &gitlab.CreateProjectVariableOptions{Key: text("DEPLOY_TOKEN"), Value: text("EXAMPLE-till-value"), Masked: yes, Protected: yes})
	check(err)
	_, _, err = c.GroupVariables.CreateVariable(top.ID, &gitlab.CreateGroupVariableOptions{Key: text("REGISTRY_PASSWORD"), Value: text("EXAMPLE-top-value"), Masked: yes})
	check(err)
	step = "tokens"
	_, _, err = c.ProjectAccessTokens.CreateProjectAccessToken(till.ID, &gitlab.CreateProjectAccessTokenOptions{Name: text("release bot"), Scopes: &[]string{"read_api"}, AccessLevel: gitlab.Ptr(gitlab.DeveloperPermissions), ExpiresAt: until})
	check(err)
	_, _, err = c.GroupAccessTokens.CreateGroupAccessToken(top.ID, &gitlab.CreateGroupAccessTokenOptions{Name: text("crawler"), Scopes: &[]string{"read_api"}, AccessLevel: gitlab.Ptr(gitlab.ReporterPermissions), ExpiresAt: until})
	check(err)
	_, _, err = c.Users.CreatePersonalAccessToken(mira.ID, &gitlab.CreatePersonalAccessTokenOptions{Name: text("laptop"), Scopes: &[]string{"read_repository"}, ExpiresAt: until})
	check(err)
	_, _, err = c.DeployTokens.CreateProjectDeployToken(till.ID, &gitlab.CreateProjectDeployTokenOptions{Name: text("pull"), Scopes: &[]string{"read_registry"}, ExpiresAt: gitlab.Ptr(mustTime(t, "2027-06-01"))})
	check(err)
	step = "deploy key"
	_, _, err = c.DeployKeys.AddDeployKey(till.ID, &gitlab.AddDeployKeyOptions{Title: text("mirror"), Key: text(env["PUBLIC_KEY"]), CanPush: yes})
	check(err)
	step = "hook"
	_, _, err = c.Projects.AddProjectHook(till.ID, &gitlab.AddProjectHookOptions{URL: text("https://hooks.northwind.example/till"), Token: text("EXAMPLE-hook-token"), PushEvents: yes})
	check(err)
	step = "schedule"
	nightly, _, err := c.PipelineSchedules.CreatePipelineSchedule(till.ID, &gitlab.CreatePipelineScheduleOptions{Description: text("nightly"), Ref: text("main"), Cron: text("0 2 * * *")})
	check(err)
	_, _, err = c.PipelineSchedules.CreatePipelineScheduleVariable(till.ID, nightly.ID, &gitlab.CreatePipelineScheduleVariableOptions{Key: text("NIGHT_KEY"), Value: text("EXAMPLE-night-value")})
	check(err)
	step = "trigger and protection"
	_, _, err = c.PipelineTriggers.AddPipelineTrigger(till.ID, &gitlab.AddPipelineTriggerOptions{Description: text("chat")})
	check(err)
	_, _, err = c.ProtectedBranches.ProtectRepositoryBranches(till.ID, &gitlab.ProtectRepositoryBranchesOptions{Name: text("release/*"), PushAccessLevel: gitlab.Ptr(gitlab.MaintainerPermissions)})
	check(err)
}

// pushCompany clones the empty project, commits the company's files and pushes them.
func pushCompany(t *testing.T, env map[string]string) {
	t.Helper()
	dir := t.TempDir()
	pipeline, err := os.ReadFile(env["PIPELINE"])
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(env["GITLAB_URL"], "://", "://oauth2:"+env["TOKEN"]+"@", 1) + "/northwind/shop/till.git"
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_AUTHOR_NAME=Mira", "GIT_AUTHOR_EMAIL=mira@northwind.example",
			"GIT_COMMITTER_NAME=Mira", "GIT_COMMITTER_EMAIL=mira@northwind.example"}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, strings.ReplaceAll(out.String(), env["TOKEN"], "TOKEN"))
		}
	}
	git("init", "--quiet", "--initial-branch=main")
	for name, content := range map[string]string{"README.md": "# till\n", "config.env": fmt.Sprintf("STRIPE_KEY=%s\n", env["SECRET"]), ".gitlab-ci.yml": string(pipeline)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git("add", "--all")
	git("commit", "--quiet", "-m", "begin")
	git("push", "--quiet", url, "main")
}

func mustTime(t *testing.T, date string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
