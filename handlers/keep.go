package handlers

import (
	"context"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/commands"
)

// Keeper stores commands outside Kafka, for a Forwarder to carry there.
type Keeper struct {
	// Put stores an entry under an id, which it stores once for a while;
	// halt.Conn has it.
	Put func(ctx context.Context, id, key string, headers map[string]string, data []byte) error
}

// once is for how long the same command is stored only once. After that it may
// be meant: one that became a dead letter is stored again.
const once = 10 * time.Second

// Keep returns once the command is stored.
func (k Keeper) Keep(ctx context.Context, e commands.Envelope) error {
	event, err := commands.Encode(e)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("%s@%d", e.ID, time.Now().Unix()/int64(once.Seconds()))
	return k.Put(ctx, id, event.Subject, event.Headers(), event.Data)
}
