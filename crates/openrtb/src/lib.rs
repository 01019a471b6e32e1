//! OpenRTB 2.5 and 2.6: model, reading, writing by splice, enumerations, macros.
