package tid

// evidence is how well an operation's path is known.
type evidence uint8

const (
	_          evidence = iota
	documented          // by the vendor
	observed            // in integrations that run
	inferred            // from the API's conventions; it may be wrong
)

const opToken = "POST /v1/Auth/Token"

// operations are all operations that this module calls by name, with the evidence for the
// path of each; that there is such an operation is documented for most. A path that turns
// out wrong is corrected here and in its service; until then [WithPath] corrects it.
var operations = map[string]evidence{
	opToken: documented,

	"GET /v1/Core/Contacts":                                  observed,
	"GET /v1/Core/Contacts/{id}":                             observed,
	"POST /v1/Core/Contacts":                                 inferred,
	"PUT /v1/Core/Contacts/{id}":                             inferred,
	"DELETE /v1/Core/Contacts/{id}":                          inferred,
	"GET /v1/Core/Invoices":                                  observed,
	"GET /v1/Core/Invoices/{id}":                             observed,
	"PATCH /v1/Core/Invoices/{id}/SetSentToEconomySystem":    observed,
	"GET /v1/Core/Logs":                                      inferred,
	"GET /v1/Core/Offers":                                    observed,
	"GET /v1/Core/Offers/{id}/Download":                      inferred,
	"GET /v1/Core/Opportunities":                             observed,
	"GET /v1/Core/Opportunities/{id}":                        observed,
	"POST /v1/Core/Opportunities":                            inferred,
	"PUT /v1/Core/Opportunities/{id}":                        inferred,
	"GET /v1/Core/ProjectCollections":                        inferred,
	"GET /v1/Core/ProjectCollections/{id}":                   inferred,
	"GET /v1/Core/ProjectCollections/{id}/NextProjectNumber": inferred,
	"GET /v1/Core/Projects":                                  observed,
	"GET /v1/Core/Projects/{id}":                             observed,
	"POST /v1/Core/Projects":                                 inferred,
	"PUT /v1/Core/Projects/{id}":                             observed,
	"GET /v1/Core/Projects/NextProjectNumber":                inferred,
	"GET /v1/Core/Projects/{projectId}/Comments":             observed,
	"POST /v1/Core/Projects/{projectId}/Comments":            observed,
	"PUT /v1/Core/Projects/{projectId}/Comments/{id}":        inferred,
	"DELETE /v1/Core/Projects/{projectId}/Comments/{id}":     inferred,
	"GET /v1/Core/Projects/{id}/TimeCalculation":             observed,
	"GET /v1/Core/TaskBoards":                                inferred,
	"GET /v1/Core/Tasks":                                     observed,
	"POST /v1/Core/Tasks":                                    observed,
	"PUT /v1/Core/Tasks/{id}":                                inferred,
	"DELETE /v1/Core/Tasks/{id}":                             inferred,
	"GET /v1/Core/Tasks/{taskId}/Comments":                   inferred,
	"POST /v1/Core/Tasks/{taskId}/Comments":                  observed,
	"PUT /v1/Core/Tasks/{taskId}/Comments/{id}":              inferred,
	"DELETE /v1/Core/Tasks/{taskId}/Comments/{id}":           inferred,
	"GET /v1/Core/Tasks/{taskId}/Checklists":                 inferred,
	"POST /v1/Core/Tasks/{taskId}/Checklists":                inferred,
	"PUT /v1/Core/Tasks/{taskId}/Checklists/{id}":            inferred,
	"DELETE /v1/Core/Tasks/{taskId}/Checklists/{id}":         inferred,
	"GET /v1/Core/Tasks/{taskId}/Attachments":                inferred,
	"GET /v1/Core/Tasks/{taskId}/Attachments/{id}/Download":  inferred,
	"POST /v1/Core/Tasks/{taskId}/Attachments":               inferred,
	"PUT /v1/Core/Tasks/{taskId}/Attachments/{id}":           inferred,
	"DELETE /v1/Core/Tasks/{taskId}/Attachments/{id}":        inferred,
	"GET /v1/Core/VacationRequests":                          inferred,
	"GET /v1/Core/MaterialReports":                           observed,
	"GET /v1/Core/MaterialReports/{id}":                      inferred,
	"POST /v1/Core/MaterialReports":                          inferred,
	"PUT /v1/Core/MaterialReports/{id}":                      inferred,
	"DELETE /v1/Core/MaterialReports/{id}":                   inferred,
	"GET /v1/Core/PaymentPlans":                              observed,
	"GET /v1/Core/SupplierInvoices":                          observed,
	"POST /v1/Core/SupplierInvoices/Unhandled":               inferred,
	"GET /v1/Core/TimeReports":                               observed,
	"GET /v1/Core/TimeReports/{id}":                          observed,
	"POST /v1/Core/TimeReports":                              observed,
	"PUT /v1/Core/TimeReports/{id}":                          observed,
	"DELETE /v1/Core/TimeReports/{id}":                       observed,
	"GET /v1/Core/TimeReports/UserDayStatistics":             observed,

	"GET /v1/Admin/AbsenceProjects":                                 observed,
	"GET /v1/Admin/Activities":                                      observed,
	"GET /v1/Admin/Articles":                                        observed,
	"GET /v1/Admin/Articles/{id}":                                   inferred,
	"POST /v1/Admin/Articles/Addition":                              inferred,
	"PUT /v1/Admin/Articles/Addition/{id}":                          inferred,
	"POST /v1/Admin/Articles/Allowance":                             inferred,
	"PUT /v1/Admin/Articles/Allowance/{id}":                         inferred,
	"POST /v1/Admin/Articles/Equipment":                             inferred,
	"PUT /v1/Admin/Articles/Equipment/{id}":                         inferred,
	"POST /v1/Admin/Articles/Material":                              inferred,
	"PUT /v1/Admin/Articles/Material/{id}":                          inferred,
	"POST /v1/Admin/Articles/Time":                                  inferred,
	"PUT /v1/Admin/Articles/Time/{id}":                              inferred,
	"GET /v1/Admin/BookingProjects":                                 inferred,
	"GET /v1/Admin/BookingProjects/{id}":                            inferred,
	"GET /v1/Admin/BookingProjects/ByBookingNumber/{bookingNumber}": inferred,
	"POST /v1/Admin/BookingProjects":                                inferred,

	"GET /v1/Admin/Users":                                 observed,
	"GET /v1/Admin/Users/{id}":                            observed,
	"GET /v1/Admin/InternalProjects":                      observed,
	"GET /v1/Admin/ProjectStatuses":                       observed,
	"GET /v1/Admin/Timecodes":                             observed,
	"GET /v1/Admin/OpportunityStatuses":                   observed,
	"GET /v1/Admin/OpportunityTags":                       observed,
	"GET /v1/Core/Planning/HasResourcePlanning/Users":     observed,
	"GET /v1/Core/Planning/GetPlanningSummaries/Projects": observed,
	"GET /v1/Core/Planning/GetPlanningSummaries/Users":    observed,
}
