package workload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhiscan/scanner/ciyaml"
)

func TestLeaks(t *testing.T) {
	secret := func(name string) bool { return strings.HasSuffix(name, "TOKEN") || strings.HasSuffix(name, "PASSWORD") }
	for name, tt := range map[string]struct {
		script            string
		prints, arguments []string
	}{
		"environment":        {"env\nprintenv | sort\nset\nexport -p", []string{"env (line 10)", "set (line 12)", "export -p (line 13)"}, nil},
		"environment_of_one": {"env FOO=bar make", nil, nil},
		"trace":              {"set -eux\nset -o xtrace\nset -e", []string{"set -x (line 10)", "set -x (line 11)"}, nil},
		"said":               {"echo $DEPLOY_TOKEN\necho \"${DEPLOY_TOKEN}\" | docker login --password-stdin\nprintf %s $API_TOKEN > file\necho $HOST", []string{"echo $DEPLOY_TOKEN (line 10)"}, nil},
		"said_to_a_variable": {"X=$(echo $DEPLOY_TOKEN | base64)", nil, nil},
		"verbose":            {"curl -v -H \"PRIVATE-TOKEN: $API_TOKEN\" https://x.example", []string{"curl -v $API_TOKEN (line 10)"}, []string{"curl $API_TOKEN (line 10)"}},
		"argument":           {"docker login -p $DEPLOY_PASSWORD -u me\nmysql -p\"$DB_PASSWORD\" -e x", nil, []string{"docker $DEPLOY_PASSWORD (line 10)", "mysql $DB_PASSWORD (line 11)"}},
		"strange":            {"$TOOL login $API_TOKEN\nCOMMAND $API_TOKEN", nil, []string{"a command $API_TOKEN (line 10)", "a command $API_TOKEN (line 11)"}},
		"tested":             {"[ -n \"$API_TOKEN\" ] && test -z $API_TOKEN\nif [[ -z $API_TOKEN ]]; then exit 1; fi", nil, nil},
		"length_only":        {"echo ${#API_TOKEN}", nil, nil},
		"no_shell":           {"if then fi (", nil, nil},
		"in_the_environment": {"TOKEN=$API_TOKEN make deploy", nil, nil},
		"many":               {strings.Repeat("env\n", 50), slicesRepeat("env", 10, maxLeaks), nil},
	} {
		job := ciyaml.Job{Script: []ciyaml.Command{{Text: tt.script, Where: "script", Origin: ciyaml.Origin{Line: 10}}}}
		prints, arguments := Leaks(job, secret)
		if diff := cmp.Diff(tt.prints, texts(prints)) + cmp.Diff(tt.arguments, texts(arguments)); diff != "" {
			t.Errorf("%s: Leaks(%q) (-want +got):\n%s", name, tt.script, diff)
		}
	}
}

func texts(leaks []Leak) []string {
	var out []string
	for _, l := range leaks {
		out = append(out, l.String())
	}
	return out
}

func slicesRepeat(command string, line, n int) []string {
	var out []string
	for i := range n {
		out = append(out, Leak{command, line + i}.String())
	}
	return out
}
