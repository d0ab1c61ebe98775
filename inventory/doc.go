// Package inventory is the domain of nhi-scan: what exists in a GitLab estate, what a scan could see of it,
// and what happened between two scans. It imports the standard library only; every other package imports it.
//
// Data flows one way:
//
//	GitLab -> scanner -> Observation -> store -> Snapshot -> ownership, rules -> Verdict, Measure -> store -> report
//
// The rows are Home, User, Grant, Identity, Credential, Location and Usage. A visit (one source in one home)
// emits them as observations; several visits may show the same row, each knowing other fields of it, and Merge
// joins what they know. Facts that GitLab may hide are When, Tri, a nil slice or an empty string, so that
// "no" and "not shown" stay apart.
package inventory
