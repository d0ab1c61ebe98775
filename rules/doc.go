// Package rules judges an inventory: which governance rules each credential, identity, place, value, user and home
// keeps, breaks, or cannot be judged by. It is pure: the same snapshot, policy and clock give the same Result.
//
// A rule answers pass, fail, unknown (with the reason) or not applicable for every subject. It passes only when
// everything it needs was seen: where GitLab hid a fact, or a visit that would show it was not complete, the answer
// is unknown, and an absence ("no member", "no other place") counts only where the whole list was shown.
//
// Each rule is one Rule value in one file, named for its ID; All lists them. Adding one takes that file, a line in
// All, and testdata/<id>.txtar with a case for each answer.
package rules
