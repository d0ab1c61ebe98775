package workload

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// configuration is how a tool's own configuration in the repository names the variables that it takes credentials from.
type configuration struct {
	files    []string // that the tool reads by itself, in the project's top folder
	options  []string // that name another
	variable *regexp.Regexp
}

// configurations are those of tools by their name in the catalogue. Sources: https://maven.apache.org/settings.html,
// https://docs.npmjs.com/cli/configuring-npm/npmrc, https://yarnpkg.com/configuration/yarnrc,
// https://docs.gradle.org/current/userguide/declaring_repositories.html, https://pip.pypa.io/en/stable/reference/requirements-file-format/,
// https://learn.microsoft.com/nuget/reference/nuget-config-file#using-environment-variables
var configurations = map[string]configuration{
	"maven":  {options: []string{"-s", "--settings", "-gs", "--global-settings"}, variable: regexp.MustCompile(`\$\{env\.([A-Za-z_]\w*)\}`)},
	"npm":    {files: []string{".npmrc", ".yarnrc.yml"}, options: []string{"--userconfig"}, variable: regexp.MustCompile(`\$\{([A-Za-z_]\w*)(?:[?:-][^}\s]*)?\}`)},
	"gradle": {files: []string{"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"}, options: []string{"-b", "--build-file", "-I", "--init-script"}, variable: regexp.MustCompile(`(?:System\.getenv|environmentVariable)\(\s*["']([A-Za-z_]\w*)["']\s*\)|System\.env\.([A-Za-z_]\w*)`)},
	"pip":    {options: []string{"-r", "--requirement", "-c", "--constraint"}, variable: regexp.MustCompile(`\$\{([A-Z_][A-Z0-9_]*)\}`)},
	"nuget":  {files: []string{"nuget.config", "NuGet.Config", "NuGet.config"}, options: []string{"--configfile", "-ConfigFile"}, variable: regexp.MustCompile(`%([A-Za-z_]\w*)%`)},
}

// configured are the credentials that a tool's configuration in the repository names, one level deep: of files that the
// job does not write itself. They are there only where the repository is at hand.
func (r *reading) configured(t *Tool, c *call) []string {
	form, known := configurations[t.Name]
	if !known || r.remote != "" {
		return nil
	}
	files := slices.Clone(form.files)
	if named, ok := option(c.args, form.options...); ok {
		files = append(files, named.text)
	}
	if t.Name == "maven" {
		files = append(files, r.mavenSettings()...)
	}
	var names []string
	for _, name := range files {
		names = union(names, r.variablesIn(name, form.variable))
	}
	return names
}

// variablesIn are the credentials that a file of the repository names, with those that the configuration sets put in.
func (r *reading) variablesIn(name string, variable *regexp.Regexp) []string {
	name = cleanPath(name)
	if name == "" || path.IsAbs(name) || strings.HasPrefix(name, "~") || strings.HasPrefix(name, "../") {
		return nil
	}
	if _, own := r.file(name); own {
		return nil // what the job wrote there counts
	}
	text, ok := r.open(name)
	if !ok {
		return nil
	}
	var found []string
	for _, m := range variable.FindAllSubmatch(text, maxNames) {
		found = union(found, r.look(captured(m)).names)
	}
	return withUsers(found)
}

func captured(m [][]byte) string {
	for _, group := range m[1:] {
		if len(group) > 0 {
			return string(group)
		}
	}
	return ""
}

// mavenSettings are the settings that the options in .mvn/maven.config name.
// Source: https://maven.apache.org/configure.html#mvn-maven-config-file
func (r *reading) mavenSettings() []string {
	text, ok := r.open(".mvn/maven.config")
	if !ok {
		return nil
	}
	var words []value
	for _, w := range strings.Fields(string(text)) {
		words = append(words, value{text: w})
	}
	settings, _ := option(words, configurations["maven"].options...)
	return []string{settings.text}
}

var (
	// lookup of Ansible: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/env_lookup.html
	ansibleLookup = regexp.MustCompile(`lookup\(\s*["'](?:ansible\.builtin\.)?env["']\s*,\s*["'](\w+)["']|ansible_env\.(\w+)`)
	ansibleLogin  = regexp.MustCompile(`(?m)^.*\bansible_(?:ssh_pass|ssh_private_key_file|private_key_file|password|become_pass(?:word)?|sudo_pass|user)\b.*$`)
)

// inventories records the credentials that playbooks and inventories of the repository take from the environment: those
// of the login, and those handed to the hosts.
func (r *reading) inventories(c *call) {
	if !strings.HasPrefix(c.name, "ansible") || r.remote != "" {
		return
	}
	files := []string{"group_vars/all.yml", "group_vars/all.yaml", "group_vars/all/main.yml", "group_vars/all/vars.yml", "ansible.cfg"}
	inventory := "inventory"
	if named, ok := option(c.args, "-i", "--inventory", "--inventory-file"); ok {
		inventory = named.text
	}
	files = append(files, inventory, path.Join(inventory, "hosts"), path.Join(inventory, "hosts.yml"), path.Join(inventory, "group_vars/all.yml"))
	for _, a := range c.args {
		if strings.HasSuffix(a.text, ".yml") || strings.HasSuffix(a.text, ".yaml") {
			files = append(files, a.text, path.Join(path.Dir(cleanPath(a.text)), "group_vars/all.yml"))
		}
	}
	var login, handed []string
	for _, name := range files {
		text, ok := r.open(cleanPath(name))
		if !ok {
			continue
		}
		for _, line := range ansibleLogin.FindAll(text, maxNames) {
			for _, m := range ansibleLookup.FindAllSubmatch(line, maxNames) {
				login = union(login, r.look(captured(m)).names)
			}
		}
		for _, m := range ansibleLookup.FindAllSubmatch(text, maxNames) {
			handed = union(handed, secrets(r.look(captured(m)).names))
		}
	}
	if login = withUsers(login); len(login) > 0 {
		r.use(Use{System: "ssh", Operation: "ansible: login of the inventory", AuthStyle: "environment", Confidence: Medium}, login)
	}
	r.handOver(keep(handed, func(n string) bool { return !slices.Contains(login, n) && !r.claimed[plain(n)] }))
}
