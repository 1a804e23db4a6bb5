"""NAACCR records: XML, fixed columns, spreadsheets; read, judged, translated, written."""
