// Package momenttest is a fake of the Moment API to test integrations with:
//
//	srv := momenttest.NewServer(t)
//	project := srv.Projects.Put(moment.Project{Name: "Roof"})
//	err := run(ctx, srv.Client())
//	require.Equal(t, 450, srv.TimeRecords.All()[0].Minutes)
//
// It is as strict as what is known of the API allows, and stricter where that
// finds mistakes: parameters, parts and properties that are not known are
// refused, and so are references to what is not there, a sort key or filter that the
// entity is not known to have, and sizes over 500. An answer without includes
// holds what "base" gives. Entities that it knows nothing of, such as claims, take any
// property, and filter by any. [WithFields] adds fields and entities.
//
// As the API does, it gives time records of days outside the ones asked for
// (here one day on either side), refuses timeRecords/include/base, leaves a
// co-worker's email out of "base", counts pages only where paging is asked for, and
// gives no more than 30,000 rows. What it answers to mistakes is made up: the
// API's status codes and messages are not documented.
//
// [Server.SendWebhook] posts to a handler what Moment would.
package momenttest
