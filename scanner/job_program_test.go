package scanner

import (
	"testing"

	"nhiscan/scanner/ciyaml"
)

func TestUnreadProgram(t *testing.T) {
	opened := map[string]string{"jobs/load.py": "print(1)", "sync.sh": "#!/bin/sh\npython sync.py \"$@\"\n", "plain.sh": "curl x\n", "Makefile": "deploy:\n\tnpm publish\n"}
	for name, tt := range map[string]struct {
		script   []string
		opened   []string
		services []ciyaml.Service
		want     string
	}{
		"nothing":                      {script: []string{"curl -f https://a.example", "echo python"}},
		"interpreter_of_a_read_file":   {script: []string{"python jobs/load.py --all"}, opened: []string{"jobs/load.py"}},
		"interpreter_of_an_unread_one": {script: []string{"python jobs/other.py"}, want: "python jobs/other.py"},
		"test_runner":                  {script: []string{"cd app && pytest"}, want: "pytest"},
		"after_an_assignment":          {script: []string{"CI=1 npm run build"}, want: "npm run"},
		"only_its_version":             {script: []string{"node --version"}},
		"wrapper_by_path":              {script: []string{"./gradlew publish"}, want: "gradlew publish"},
		"in_a_followed_script":         {script: []string{"./sync.sh"}, opened: []string{"sync.sh"}, want: "python sync.py in sync.sh"},
		"followed_script_without":      {script: []string{"./plain.sh"}, opened: []string{"plain.sh"}},
		"template_engine":              {script: []string{"cat a.tpl | envsubst > a"}, want: "envsubst >"},
		"make_with_its_file":           {script: []string{"make deploy"}, opened: []string{"Makefile"}, want: "npm publish in Makefile"},
		"service":                      {script: []string{"psql -f a.sql"}, services: []ciyaml.Service{{Name: "postgres:17"}}, want: "service postgres:17"},
		"compose":                      {script: []string{"docker compose up -d"}, want: "docker compose up"},
	} {
		t.Run(name, func(t *testing.T) {
			job := ciyaml.Job{Services: tt.services}
			for _, line := range tt.script {
				job.Script = append(job.Script, ciyaml.Command{Text: line})
			}
			read := map[string]string{}
			for _, path := range tt.opened {
				read[path] = opened[path]
			}
			if got := unreadProgram(job, read); got != tt.want {
				t.Errorf("unreadProgram(%q) = %q, want %q", tt.script, got, tt.want)
			}
		})
	}
}
