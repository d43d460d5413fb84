package spec

import "slices"

// Radius is how much an experiment may touch at once. The empty one is
// Isolated.
type Radius string

// The two sizes. The methodology names only the first, as its default.
const (
	// Isolated is one target, and one live fault at a time over all steps.
	Isolated Radius = "isolated"
	// Several leaves the numbers to the limits of the policy.
	Several Radius = "several"
)

// Radii are the sizes that a document may write.
func Radii() []string { return []string{string(Isolated), string(Several)} }

// AtOnce is the most steps among those that counts picks out whose faults can
// be in place at the same time; the other steps only hold them apart. Two
// cannot where one has a time and the other waits for it, itself or through
// others. This orders the steps partly, so the most at once is the widest
// antichain, which is the number of steps less a maximum matching of the order
// (Dilworth 1950; Fulkerson 1956).
func AtOnce(steps []Step, counts func(Step) bool) int {
	before, count := order(steps), 0
	for j, row := range before {
		for i := range row {
			row[i] = row[i] && counts(steps[i]) && counts(steps[j])
		}
	}
	partner := make([]int, len(steps)) // of the later step
	for i := range partner {
		partner[i] = -1
	}
	matched := 0
	for i := range steps {
		if counts(steps[i]) {
			count++
		}
		if augment(before, partner, i, make([]bool, len(steps))) {
			matched++
		}
	}
	return count - matched
}

// order says of each step which others begin only after its fault is gone.
func order(steps []Step) [][]bool {
	waits := make([][]bool, len(steps)) // by step: all that it waits for, nearest and farther
	for i, s := range steps {
		waits[i] = make([]bool, len(steps))
		for _, j := range waitsFor(steps, i, s) {
			waits[i][j] = true
			for k, w := range waits[j] {
				waits[i][k] = waits[i][k] || w
			}
		}
	}
	before := make([][]bool, len(steps))
	for j := range steps {
		before[j] = make([]bool, len(steps))
		for i := range steps {
			before[j][i] = steps[j].For > 0 && waits[i][j]
		}
	}
	return before
}

// waitsFor finds steps above i that it names, or the one right above.
func waitsFor(steps []Step, i int, s Step) []int {
	if s.After == nil {
		if i == 0 {
			return nil
		}
		return []int{i - 1}
	}
	var out []int
	for j := range i {
		if slices.Contains(*s.After, steps[j].ID) {
			out = append(out, j)
		}
	}
	return out
}

// augment looks for a partner for step i, moving others to another partner
// where that makes room (Kuhn 1955).
func augment(before [][]bool, partner []int, i int, seen []bool) bool {
	for j, ok := range before[i] {
		if !ok || seen[j] {
			continue
		}
		seen[j] = true
		if partner[j] < 0 || augment(before, partner, partner[j], seen) {
			partner[j] = i
			return true
		}
	}
	return false
}

// Reach is every target that a fault on name breaks: the members of a group,
// theirs where they are groups too, or the target itself. A name that the
// platform does not have reaches nothing.
func (p Platform) Reach(name TargetName) []TargetName {
	out := p.reach(name, map[TargetName]bool{})
	slices.Sort(out)
	return slices.Compact(out)
}

func (p Platform) reach(name TargetName, seen map[TargetName]bool) []TargetName {
	t, ok := p.Targets[name]
	if !ok || seen[name] {
		return nil
	}
	seen[name] = true
	if len(t.Members) == 0 {
		return []TargetName{name}
	}
	var out []TargetName
	for _, m := range t.Members {
		out = append(out, p.reach(m, seen)...)
	}
	return out
}
