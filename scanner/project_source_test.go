package scanner

import "testing"

func TestDeployKey(t *testing.T)         { golden(t, "deploy-key", deployKey) }
func TestRunner(t *testing.T)            { golden(t, "runner", runner) }
func TestRegistrationToken(t *testing.T) { golden(t, "registration-token", registrationToken) }
func TestTrigger(t *testing.T)           { golden(t, "trigger", trigger) }
func TestPipelineSchedule(t *testing.T)  { golden(t, "pipeline-schedule", pipelineSchedule) }
func TestVariable(t *testing.T)          { golden(t, "variable", variable) }
func TestSecureFile(t *testing.T)        { golden(t, "secure-file", secureFile) }
func TestJobTokenScope(t *testing.T)     { golden(t, "job-token-scope", jobTokenScope) }
func TestAgent(t *testing.T)             { golden(t, "agent", agent) }
func TestWebhook(t *testing.T)           { golden(t, "webhook", webhook) }
func TestIntegration(t *testing.T)       { golden(t, "integration", integration) }
func TestMirror(t *testing.T)            { golden(t, "mirror", mirror) }
func TestErrorTrackingKey(t *testing.T)  { golden(t, "error-tracking-key", errorTrackingKey) }
func TestAlertIntegration(t *testing.T)  { golden(t, "alert-integration", alertIntegration) }
func TestPagesDomain(t *testing.T)       { golden(t, "pages-domain", pagesDomain) }
func TestTerraformState(t *testing.T)    { golden(t, "terraform-state", terraformState) }
func TestProtectedBranch(t *testing.T)   { golden(t, "protected-branch", protectedBranch) }
func TestProtectedTag(t *testing.T)      { golden(t, "protected-tag", protectedTag) }
func TestEnvironment(t *testing.T)       { golden(t, "environment", environment) }
