package netstack

// Plan 9's errors are texts: there is nothing that this package's errors are as well.
var (
	eAddrInUse      error
	eAddrNotAvail   error
	eAFNoSupport    error
	eAgain          error
	eAlready        error
	eAcces          error
	eConnAborted    error
	eConnRefused    error
	eConnReset      error
	eDestAddrReq    error
	eExist          error
	eFault          error
	eHostUnreach    error
	eInProgress     error
	eInval          error
	eIsConn         error
	eMsgSize        error
	eNetUnreach     error
	eNoBufs         error
	eNoDev          error
	eNoProtoOpt     error
	eNotConn        error
	eOpNotSupp      error
	ePerm           error
	ePipe           error
	eProtoNoSupport error
	eTimedOut       error
)
