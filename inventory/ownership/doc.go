// Package ownership finds who answers for each credential and identity, with the evidence and a confidence, or says
// that nobody was found. It is pure: the same snapshot, owners file and clock give the same owners.
//
// An owner is who can keep, rotate or revoke, not who typed it in. Evidence is ranked: what somebody attested or wrote
// into the owners file beats what an object says of itself, that beats who made it, and that beats who happens to be a
// member. No owner is better than a wrong one: below a confidence of 0.3 there is none, and what was not shown makes a
// note instead of a claim.
package ownership
