package memory

// level is a limit as it is now, with what counts towards it. In bytes.
type level struct{ limit, aim, usage int64 }

const (
	mostAtOnce = 32 << 20 // between two looks at the usage
	leastStep  = 64 << 10
	// slackPart of a limit below its aim is left alone: to hunt the last page
	// would never end, and two that fill one group would take turns for ever.
	slackPart  = 200
	leastSlack = 512 << 10 // what the kernel counts ahead for each processor
)

// slack is how far below its aim a level is filled all the same.
func (l level) slack() int64 { return max(l.limit/slackPart, leastSlack) }

// filled says that the usage is within two in a hundred of the aim, or above.
func (l level) filled() bool { return l.aim-l.usage <= max(l.limit/50, 2*leastSlack) }

// change is by how many bytes to hold more, or, below zero, less of held, so
// that the fullest level comes to its aim and none goes above it. It takes a
// part of the room only: others may grow meanwhile, another filler too. Of what
// is too much it gives back twice as much: who grew goes on growing, and the rest
// is soon taken again.
func change(levels []level, held int64) int64 {
	if len(levels) == 0 {
		return -held
	}
	room, slack := levels[0].aim-levels[0].usage, levels[0].slack()
	for _, l := range levels[1:] {
		if r := l.aim - l.usage; r < room {
			room, slack = r, l.slack()
		}
	}
	switch {
	case room < 0:
		return -min(held, -2*room)
	case room <= slack:
		return 0
	}
	return min(room, mostAtOnce, max(room/4, leastStep))
}
