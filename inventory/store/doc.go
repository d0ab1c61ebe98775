// Package store keeps the inventory and its history in SQLite or PostgreSQL. It is the only package with SQL.
//
// It has two levels. A sighting is what one visit (a source in a home) saw of one row; a version is the row itself,
// the merge of its open sightings. Both carry the numbers of the scans between which they held, so that any past
// snapshot is one WHERE. What a running scan writes carries that scan's number, which no reader asks for before the
// scan has finished; a scan that never finishes is undone by its number.
//
// A Recorder takes one scan into the store, from Begin to Finish or Abort; a Store reads.
package store
