package workload

import (
	"path"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
)

// maxProducers is how many earlier jobs are read for the files that they keep.
const maxProducers = 8

// artifact returns a file that another job writes with a credential and keeps for later ones; false where there is
// none. The name of such a credential says where it comes from.
// Source: https://docs.gitlab.com/ci/jobs/job_artifacts/
func (r *reading) artifact(name string) (value, bool) {
	if r.producing || name == "" || strings.HasPrefix(name, "~") || strings.ContainsAny(name, "$*"+markedDollar) {
		return value{}, false
	}
	if r.kept == nil {
		r.kept = map[string]value{}
		for _, j := range r.config.Jobs {
			if len(r.producers) < maxProducers && j.Name != r.job.Name && len(j.Artifacts.Paths) > 0 && len(j.Script) > 0 && r.receives(j) {
				r.producers = append(r.producers, j)
			}
		}
	}
	if v, done := r.kept[name]; done {
		return v, len(v.names) > 0
	}
	r.kept[name] = value{}
	for i, j := range r.producers {
		if !keeps(j.Artifacts.Paths, name) || r.calls <= 0 || !mayWrite(j, name) {
			continue
		}
		if r.produced == nil {
			r.produced = map[int]map[string]value{}
		}
		if r.produced[i] == nil {
			r.produced[i] = r.writtenBy(j)
		}
		if v, ok := r.produced[i][name]; ok && len(secrets(v.names)) > 0 {
			r.kept[name] = value{text: unknown, names: []string{artifactPrefix + name}}
			break
		}
	}
	v := r.kept[name]
	return v, len(v.names) > 0
}

// receives reports whether this job gets the artifacts of another: those that it needs, or where it names none those
// of jobs that stand before it.
func (r *reading) receives(other ciyaml.Job) bool {
	if len(r.job.Needs) == 0 {
		return true
	}
	for _, n := range r.job.Needs {
		if n.Job == other.Name {
			return true
		}
	}
	return false
}

// keeps reports whether the paths of artifacts cover a file.
func keeps(paths []string, name string) bool {
	for _, p := range paths {
		p = cleanPath(p)
		if ok, err := path.Match(p, name); p == name || p == "." || err == nil && ok || strings.HasPrefix(name, strings.TrimSuffix(p, "/**")+"/") {
			return true
		}
	}
	return false
}

// mayWrite reports whether a job names a file, and any credential: only then is it worth reading.
func mayWrite(j ciyaml.Job, name string) bool {
	base := path.Base(name)
	return slices.ContainsFunc(j.Script, func(c ciyaml.Command) bool { return strings.Contains(c.Text, base) }) &&
		slices.ContainsFunc(j.References, func(ref ciyaml.Reference) bool { return strings.HasSuffix(ref.Where, "script") && isSecret(ref.Name) })
}

// writtenBy reads another job for the files that it writes.
func (r *reading) writtenBy(j ciyaml.Job) map[string]value {
	p := newReading(r.config, j, r.files, 0)
	p.producing, p.calls = true, r.calls/maxProducers
	before := p.calls
	left := maxScript
	for _, c := range j.Script {
		if left -= len(c.Text); left < 0 {
			break
		}
		p.entry(c)
	}
	r.calls -= before - max(p.calls, 0)
	return p.written
}
