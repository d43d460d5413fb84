package schema

// radiusHelp is about policies and what they decide.
func radiusHelp() map[string]entry {
	return map[string]entry{
		"events.BlastRadiusDecided": {"Whether an experiment may touch what it names: what each rule of the policy said, and on which inputs. It stands in the batch of what it led to.", fields{
			"allowed":        {"Whether it may begin.", ""},
			"needs_approval": {"true: a second person is asked. With allowed false, nobody approved yet and nothing else stands against it.", ""},
			"policy":         {"Name of the policy.", ""},
			"reasons":        {"Why it may not begin, one sentence each.", ""},
			"warnings":       {"What the policy only warns of.", ""},
			"rules":          {"What each rule said.", ""},
			"inputs":         {"What was decided on. What could not be found out is absent, and never the same as none.", ""},
		}},
		"events.RadiusRule": {"What one rule of the policy said. Only holds lets through.", fields{
			"name":    {"Name of the rule: a built-in check or a rule of the policy.", ""},
			"answer":  {"holds: in bounds. violated: out of bounds. unknown: inputs are missing, which denies too.", ""},
			"why":     {"The finding in words.", ""},
			"missing": {"Inputs that the rule needed.", ""},
			"warns":   {"true: the rule does not deny.", ""},
		}},
		"events.RadiusInputs": {"All that a decision is made of.", fields{
			"experiment":   {"Id of the experiment.", ""},
			"title":        {"Of the document.", ""},
			"system":       {"Of the document.", ""},
			"environment":  {"Of the document.", ""},
			"blast_radius": {"Of the document.", ""},
			"labels":       {"Of the document.", ""},
			"requester":    {"Who asks, as user@host.", ""},
			"i_know":       {"Whether the requester acknowledged the risk.", ""},
			"approved_by":  {"Who approved, as user@host.", ""},
			"at":           {"When it was decided.", ""},
			"at_once":      {"Most faults that the steps can have in place at the same time; controls do not count.", "faults"},
			"per_target":   {"The same for each target.", "faults"},
			"faults":       {"The steps.", ""},
			"live":         {"Faults of other experiments; absent where the log could not be read.", ""},
			"traffic":      {"How busy the system is; measured only where a rule reads it.", ""},
		}},
		"events.RadiusFault": {"One step as the policy sees it.", fields{
			"step":           {"Id of the step.", ""},
			"kind":           {"Kind of fault.", ""},
			"risk":           {"safe, caution or dangerous.", ""},
			"target":         {"Name of the target.", ""},
			"members":        {"Targets that it breaks: the members of a group, else the target itself.", ""},
			"harmless":       {"true: a control, which does nothing to its target.", ""},
			"serves":         {"true: the target goes on serving under the fault.", ""},
			"upheld_smaller": {"How many experiments ended upheld with a fault of lower risk on this target; absent where the log could not be read.", "experiments"},
			"brokers":        {"Groups of the brokers that it breaks.", ""},
		}},
		"events.BrokerGroup": {"The group of a broker that a fault breaks.", fields{
			"name":    {"Name of the group, or of the broker that is in none.", ""},
			"members": {"Its brokers.", ""},
			"healthy": {"Those that answer; absent where nobody could ask.", ""},
		}},
		"events.LiveFaults": {"Faults of the other experiments: in place, on their way in or out, or still to come in one that has begun, as far as they can be in place at once.", fields{
			"total":      {"All of them.", "faults"},
			"per_target": {"By target.", "faults"},
		}},
		"events.Traffic": {"How busy the system is. What could not be measured is absent.", fields{
			"ingestion_rate": {"Now.", "records/s"},
			"week_median":    {"Median of its readings in the log over the last seven days.", "records/s"},
		}},
		"events.ApprovalRequested": {"The experiment waits for a second person.", fields{
			"reasons": {"Why, one sentence each.", ""},
		}},
		"events.ExperimentApproved": {"A second person lets the experiment run.", fields{
			"by":     {"Who approved, as user@host.", ""},
			"reason": {"Why.", ""},
		}},
		"spec.Policy": {"What experiments may touch, written by whoever answers for the systems.", fields{
			"faultline_policy": {"Version of this format. Write v1.", ""},
			"name":             {"Name by which decisions tell which policy made them.", ""},
			"time_zone":        {"IANA zone of time.hour and time.weekday in rules. Absent means UTC.", ""},
			"environments":     {"What each environment allows. One that is not named is refused.", ""},
			"rules":            {"CEL rules that deny a fault where they are true.", ""},
		}},
		"spec.EnvironmentPolicy": {"What one environment allows.", fields{
			"allows":         {"Targets for the faults of each risk. Absent means none.", ""},
			"limits":         {"Bounds on the live faults of all experiments together.", ""},
			"windows":        {"When experiments may begin. Absent means at any time.", ""},
			"start_small":    {"require, the default: a fault above safe needs an experiment that ended upheld at lower risk on its target, or --i-know. warn only says so.", ""},
			"last_broker":    {"deny, the default: a fault must leave a healthy broker in each group. allow lets it end the last one.", ""},
			"needs_approval": {"true: a second person must approve. In production it always is.", ""},
		}},
		"spec.Allowance": {"Targets by risk; all_services stands for every one.", fields{
			"safe":      {"Where safe faults may go: the target goes on where it was.", ""},
			"caution":   {"Where caution may go: the target ends, or has less than it needs.", ""},
			"dangerous": {"Where dangerous faults may go: data is changed.", ""},
		}},
		"spec.RadiusLimits": {"Bounds on the live faults of all experiments together.", fields{
			"max_live_faults": {"At most so many. Absent means 1.", "faults"},
			"max_per_target":  {"At most so many on one target. Absent means 1.", "faults"},
		}},
		"spec.TimeWindow": {"When experiments may begin, by the wall clock of a zone.", fields{
			"days":      {"Days on which the window begins. Absent means every day.", ""},
			"from":      {"Begin, such as \"22:00\".", ""},
			"to":        {"End, such as \"06:00\" of the day after; the end of the day is \"24:00\".", ""},
			"time_zone": {"IANA name, such as Australia/Sydney.", ""},
		}},
		"spec.DenyRule": {"A CEL expression that denies a fault where it is true, and where it cannot be told.", fields{
			"name":         {"What the rule keeps out.", ""},
			"rule":         {"CEL expression over the inputs, such as fault.risk == \"dangerous\".", ""},
			"why":          {"What the requester is told.", ""},
			"environments": {"Where the rule counts. Absent means everywhere.", ""},
		}},
	}
}
