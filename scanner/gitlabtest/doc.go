// Package gitlabtest is a GitLab that runs inside the process, in the manner of httptest.
//
// A World is data: users, groups, projects and every credential they hold. New makes a Server from it, an
// http.Handler that owns a copy of the world as mutable state and answers as GitLab does, for the version, tier and
// offering of its Profile. Routes are one table (routes, in route.go); a request that meets no route is answered
// 404 and kept in Unknown, so that a test can fail on it.
//
// The server is strict on purpose: wrong scopes, roles, tiers and paging habits are answered as GitLab answers them,
// and Faults adds what real instances do on bad days.
//
// With Options.RepoDir the repositories are real: clients read and write them by git or by the API, and both see the
// same. What people work with beside (labels, issues, merge requests) is kept as collections that begin empty. Pipelines
// that are started wait for a runner, and gitlab-runner gets their jobs. Nobody has a password: a personal access token lets
// an application in. What a client cannot do here, and GitLab can, is said in the answer: accounts keep their names.
package gitlabtest
