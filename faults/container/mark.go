package container

import (
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/ending"
)

const undoMark = "mark"

// onItsWay is how long the engine may take to do what it was told by somebody
// who did not wait for it. One who rolls back sooner would see a whole container.
const onItsWay = 3 * time.Second

func noteMark(r faults.Receipt, dir string) error {
	mark, err := ending.In(dir)
	r.Undo[undoMark] = string(mark)
	return err
}

func markOf(r faults.Receipt) ending.Mark { return ending.Mark(r.Undo[undoMark]) }
