package tidtest

// AddProperties gives the objects of a list, such as "v1/Core/Contacts", properties that the API is not known to have. Each
// may hold any JSON value; one of a nested object goes by its path, "invoiceAddress.careOf".
//
// Creates and updates keep them as they come, and an update that leaves one out clears it. Details and answers to writes have
// those that an object has, rows of lists do not. It panics if there is no such list, or if it knows a property already.
//
//	srv.AddProperties("v1/Core/Contacts", "creditLimit", "invoiceAddress.careOf")
func (s *Server) AddProperties(path string, names ...string) {
	op, _ := s.listAt(path)
	s.account.Lock()
	defer s.account.Unlock()
	for _, name := range names {
		if err := op.Resource.AddProperty(name); err != "" {
			panic("tidtest: " + path + " cannot have a property " + name + ": " + err)
		}
	}
}
