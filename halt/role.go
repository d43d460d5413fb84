package halt

import "path/filepath"

// Role is what a client may do on a server that knows Faultline's keys.
type Role string

// The roles. Whoever can read a role's key file has the role.
const (
	RoleController Role = "controller" // leads experiments
	RoleAgent      Role = "agent"      // breaks and mends targets; commands nobody
	RoleOperator   Role = "operator"   // halts and resumes
)

// KeyFile is where the seed of a role lies, for a server that keeps its state
// in dir.
func KeyFile(dir string, r Role) string { return filepath.Join(dir, "keys", string(r)+".nk") }
