// Package rules compiles and judges the CEL rules of an experiment: steady
// state, expected impact, recovery and rollback triggers. It takes no
// readings and keeps no time: windows and phases belong to its callers.
package rules
