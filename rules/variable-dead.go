package rules

import (
	"strings"

	"nhiscan/inventory"
)

var variableDead = Rule{
	ID:       "variable-dead",
	Code:     "VAR-012",
	Title:    "Secret variable that nothing seems to use",
	Severity: inventory.Medium,
	Why:      "Every job receives the secret, and no job that was read needs it: it only waits for somebody to take it.",
	Fix:      "Ask its owner first. Then withhold it on one ref (an environment scope that no other ref has) and watch a full cycle of pipelines; retire it when nothing fails.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 CM-7", "NIST SP 800-53 AC-2(3)", "SOC 2 CC6.2", "ISO 27001:2022 A.8.10"},
	Reads:    []string{"variable", "pipeline", "repository", "project", "group"},
	Check: secretVariables(func(p *Pass, l inventory.Location) Verdict {
		if len(p.usesOf(l)) > 0 {
			return Ok
		}
		if readByGitLab(l.Key) {
			return Unknown("GitLab or the runner reads a variable of this name without any job naming it")
		}
		if v, hidden := p.unread(l.Home); hidden {
			return v
		}
		switch {
		case p.pipelinesBelow(l.Home) == 0:
			return NotApplicable // what a project without pipelines keeps is a matter of its end
		case !p.past.earlier || p.past.fresh[l.ID]:
			return Unknown("only one scan has looked for its uses (policy: two)")
		case p.usedBefore(l):
			return Unknown("a job used it in the scan before (policy: no use in two scans)")
		case !p.readBefore(l.Home):
			return Unknown("the scan before did not read all scripts in its reach (policy: no use in two scans)")
		}
		jobs := 0
		for _, h := range p.projectsBelow(l.Home) {
			jobs += len(p.jobsIn(h.ID))
		}
		where := p.path(l.Home)
		return Fail("is used by no job in its reach (%s read; policy: no use in two scans); ask its owner, then withhold it on one ref before it is retired", count(jobs, "job")).
			With("searched: the jobs of %s and below", where).With("read: scripts, tool defaults and includes of all of them")
	}),
}

// readByGitLab reports whether GitLab, the runner or a predefined job reads a variable without a job naming it.
// Source: https://docs.gitlab.com/ci/docker/using_docker_images/#determine-your-docker_auth_config-data,
// https://docs.gitlab.com/topics/autodevops/cicd_variables/
func readByGitLab(key string) bool {
	if key == "DOCKER_AUTH_CONFIG" {
		return true
	}
	for _, prefix := range []string{"CI_DEBUG_", "CI_DEPLOY_", "CI_REGISTRY_", "CI_DEPENDENCY_PROXY_", "FF_", "AUTO_DEVOPS_", "AUTO_BUILD_", "K8S_SECRET_", "HELM_UPGRADE_", "TF_VAR_"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}
