package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"nhiscan/scanner/workload"
)

const workloadsIntro = `nhi-scan workloads reads pipeline files and tells, for each job, which credentials it uses, which systems it reaches
with them, and the smallest credential that would do. It runs nothing and connects to nothing.

The script of a job (hooks, before_script, script, after_script, with includes, defaults and extends applied) is parsed
with a shell's grammar; PowerShell, Windows batch and broken scripts are read by words. Variables are followed as far as
they are static: from the YAML, through exports, pipes, files that the job writes, functions and their arguments, arrays, branches
(where one of several runs, the credentials of each are told), ` + "`find -exec`" + `, ` + "`bash -c`" + ` and
` + "`eval`" + `, wrappers such as ` + "`poetry run`" + ` or ` + "`doppler run --`" + `, into commands that run on a remote host. Scripts, Makefiles and package.json
of the repository are followed one level deep where they are at hand; a program that the project itself defines cannot be read, and
the job says so; credentials that it is given, or that get another name for it, are told at low confidence. Followed too are the configurations in which tools name their variables: settings of Maven, .npmrc
and .yarnrc.yml, build files of Gradle, requirements of pip, nuget.config, playbooks and inventories of Ansible, and of Terraform
the providers, the backend and the variables marked as sensitive. What a job leaves in artifacts and dotenv reports is followed into the
jobs that get them by needs, dependencies or stage: a file is named ` + "`artifact:PATH`" + `, a variable of a report as the job
has it, and ` + "`from`" + ` says by which variable the earlier job had it. Where only the name of a file tells that it holds a credential, the
confidence is medium.

## What a use says

| field | means |
| --- | --- |
| system | class of the system; ` + "`opaque-script`" + ` and ` + "`opaque-include`" + `: something runs that cannot be read, or comes from a file that is not at hand, so nothing can be told |
| operation | what is done; for HTTP the method and the path |
| credentials | names of variables, or where a value comes from (` + "`ssm:`, `vault:`, `artifact:`" + `); never a value |
| credential_kind | ` + "`ci_variable`" + ` of project, group or instance; ` + "`predefined`" + ` by GitLab; ` + "`id_token`; `vault_secret`" + ` by the keyword secrets; ` + "`fetched_secret`" + ` at run time; ` + "`implicit`" + `: the tool's default, which the YAML does not name; ` + "`ambient`" + `: identity of runner or image; ` + "`artifact`; `trigger`; `literal`; `none`; `unknown`" + ` |
| auth_style | how it is presented; ` + "`forwarded`" + `: handed to a remote host or into another system, not used by the job itself |
| least | the smallest credential that would do |
| confidence | high: tool, target and credential are seen; medium: one of them follows from the tool's defaults; low: a guess from names, or it cannot be told |

Anonymous downloads, the pull of the job's own image, and databases that are services of the job are no uses.
A tool whose default credential nobody names is read as ` + "`implicit`" + `; where the job chooses a runner of its own by tags and
the configuration never names the default, the runner's identity (` + "`ambient`" + `) is the likelier one.

The JSON output is described by [workloads.schema.json](workloads.schema.json).

## Add a tool

One entry in ` + "`scanner/workload/tools.yaml`" + `: the names of the program, the variables, files and options from which it takes
credentials, its calls as regular expressions over the words, the reference, and examples. The examples are its tests.
Hosts and the names of variables that tell a system stand in ` + "`hosts.yaml`" + `, smallest credentials in ` + "`least.yaml`" + `.
Programs that need more than data (docker and its like, HTTP clients, git, SSH, Terraform) have a file of code each.
`

// writeWorkloadsPage lists what the reading of jobs knows.
func writeWorkloadsPage(w io.Writer) error {
	b := &strings.Builder{}
	b.WriteString("# Workloads\n\n" + generated + workloadsIntro)
	b.WriteString("\n## Tools\n\nBesides docker, podman, buildah, skopeo, crane, kaniko, buildkit; curl, wget, httpie, Invoke-RestMethod; git; ssh, scp, rsync,\nsftp, lftp, sshpass; terraform and tofu:\n\n")
	b.WriteString("| tool | commands | default credential |\n| --- | --- | --- |\n")
	for _, t := range workload.Tools() {
		defaults := "-"
		if len(t.Environment) > 0 {
			defaults = "`" + strings.Join(t.Environment, "`, `") + "`"
		}
		fmt.Fprintf(b, "| [%s](%s) | %s | %s |\n", t.Title, t.Reference, cmp.Or(strings.Join(t.Commands, ", "), "-"), defaults)
	}
	b.WriteString("\n## Smallest credentials\n\nThe first row that fits counts. Patterns are regular expressions. Of several operations with one credential the one that needs most decides.\n\n")
	b.WriteString("| system | operation, style, kind | enough would be |\n| --- | --- | --- |\n")
	for _, e := range workload.LeastTable() {
		var parts []string
		for _, p := range []string{e.Operation, e.Style, e.Kind} {
			if p != "" {
				parts = append(parts, "`"+strings.ReplaceAll(p, "|", `\|`)+"`")
			}
		}
		fmt.Fprintf(b, "| `%s` | %s | [%s](%s) |\n", strings.ReplaceAll(e.System, "|", `\|`), strings.Join(parts, ", "), e.Least, e.Reference)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
