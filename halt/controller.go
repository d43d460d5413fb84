package halt

import "context"

// Inject asks an agent to break a target. An error says that no answer came,
// not that nothing was done.
func (c *Conn) Inject(ctx context.Context, agent string, q Request) (Reply, error) {
	return request[Reply](ctx, c, c.agent(agent, verbInject), q)
}

// Undo asks an agent to mend a target.
func (c *Conn) Undo(ctx context.Context, agent string, q Undo) (Reply, error) {
	return request[Reply](ctx, c, c.agent(agent, verbUndo), q)
}

// Status asks an agent what became of a fault.
func (c *Conn) Status(ctx context.Context, agent string, q Status) (Reply, error) {
	return request[Reply](ctx, c, c.agent(agent, verbStatus), q)
}
