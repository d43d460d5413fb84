package spec

// AllServices is the wildcard among the targets of a policy.
const AllServices = "all_services"

// Production is the environment that is refused unless a policy names it and
// a second person approved.
const Production = "production"

// Policy says what experiments may touch. It is written by whoever answers
// for the systems, not by the author of an experiment.
type Policy struct {
	Version string `yaml:"faultline_policy" json:"faultline_policy"`
	Name    string `yaml:"name" json:"name"`
	// TimeZone is that of the rules' clock; empty is UTC.
	TimeZone     string                       `yaml:"time_zone" json:"time_zone,omitempty"`
	Environments map[string]EnvironmentPolicy `yaml:"environments" json:"environments"`
	Rules        []DenyRule                   `yaml:"rules" json:"rules,omitempty"`
}

// EnvironmentPolicy is what one environment allows. Its zero value allows
// nothing.
type EnvironmentPolicy struct {
	Allows        Allowance    `yaml:"allows" json:"allows"`
	Limits        RadiusLimits `yaml:"limits" json:"limits"`
	Windows       []TimeWindow `yaml:"windows" json:"windows,omitempty"` // none: at any time
	StartSmall    string       `yaml:"start_small" json:"start_small,omitempty"`
	LastBroker    string       `yaml:"last_broker" json:"last_broker,omitempty"`
	NeedsApproval *bool        `yaml:"needs_approval" json:"needs_approval,omitempty"`
}

// Allowance lists the targets for the faults of each risk.
type Allowance struct {
	Safe      []string `yaml:"safe" json:"safe,omitempty"`
	Caution   []string `yaml:"caution" json:"caution,omitempty"`
	Dangerous []string `yaml:"dangerous" json:"dangerous,omitempty"`
}

// Of is the list for a risk. One that is not known allows nothing.
func (a Allowance) Of(risk string) []string {
	switch risk {
	case "safe":
		return a.Safe
	case "caution":
		return a.Caution
	case "dangerous":
		return a.Dangerous
	}
	return nil
}

// RadiusLimits bound the live faults of all experiments together. What is
// absent is 1.
type RadiusLimits struct {
	MaxLiveFaults int `yaml:"max_live_faults" json:"max_live_faults,omitempty"`
	MaxPerTarget  int `yaml:"max_per_target" json:"max_per_target,omitempty"`
}

// TimeWindow is when experiments may begin, by the wall clock of a zone. A
// window whose end is not after its begin goes on past midnight; its days are
// those on which it begins.
type TimeWindow struct {
	Days     []string  `yaml:"days" json:"days,omitempty"` // none: every day
	From     ClockTime `yaml:"from" json:"from"`
	To       ClockTime `yaml:"to" json:"to"`
	TimeZone string    `yaml:"time_zone" json:"time_zone"`
}

// DenyRule is a CEL expression that denies a fault where it is true.
type DenyRule struct {
	Name string `yaml:"name" json:"name"`
	Rule string `yaml:"rule" json:"rule"`
	Why  string `yaml:"why" json:"why"`
	// Environments are those where the rule counts; none: all.
	Environments []string `yaml:"environments" json:"environments,omitempty"`
}

// The words of start_small and last_broker; empty is the stricter one.
const (
	StartSmallRequire = "require"
	StartSmallWarn    = "warn"
	LastBrokerDeny    = "deny"
	LastBrokerAllow   = "allow"
)

// ParsedPolicy is a policy with the places of its fields, by path.
type ParsedPolicy struct {
	Policy Policy
	Places map[string]Position
}

// At finds the place of a path, or of the nearest field around it.
func (p ParsedPolicy) At(path string) Position { return nearest(p.Places, path) }

// ParsePolicy reads a policy from YAML or JSON, strictly. Its rules are only
// read here: what they say is for the rule language to judge.
func ParsePolicy(source []byte) (ParsedPolicy, Problems) {
	var p ParsedPolicy
	var problems Problems
	p.Places, problems = read(source, &p.Policy, (*validator).policy)
	return p, problems
}
