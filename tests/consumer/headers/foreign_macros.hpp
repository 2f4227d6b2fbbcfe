// What Qt (without QT_NO_KEYWORDS) and Xlib define as macros.

#define slots
#define signals public
#define emit
#define foreach(variable, container) for (variable : container)
#define forever for (;;)

#define Status int
#define Bool int
#define True 1
#define False 0
#define None 0L
#define Success 0
#define Always 2
#define Above 0
#define Below 1
#define Complex 0
#define Convex 2
#define CurrentTime 0L
#define Expose 12
#define FocusIn 9
#define FocusOut 10
#define GrabModeSync 0
#define KeyPress 2
#define KeyRelease 3
#define NoSymbol 0L
#define NotUseful 0
#define Nonconvex 1
#define QueuedAlready 0
#define Unsorted 0
#define WhenMapped 1
